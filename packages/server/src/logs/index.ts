/** What is written down: the server's own log, and the output of the formations. */
export * from "./process-logs.ts";
export * from "./server-log.ts";
