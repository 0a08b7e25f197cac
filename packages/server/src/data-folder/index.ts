/** The folder that a server keeps its data in: the lock that makes it the only one there, and the file that names it. */
export * from "./lock.ts";
export * from "./pid-file.ts";
