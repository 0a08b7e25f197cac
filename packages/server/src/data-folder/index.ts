/** The server's data folder: a lock that keeps other servers out, and a file that names the running server. */
export * from "./lock.ts";
export * from "./pid-file.ts";
