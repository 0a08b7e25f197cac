/** Logs: the server's own, the audit trail, and the output of formations. */
export * from "./audit.ts";
export * from "./follow.ts";
export * from "./levels.ts";
export * from "./line-reader.ts";
export * from "./process-logs.ts";
export * from "./rotate.ts";
export * from "./server-log.ts";
