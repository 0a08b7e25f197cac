/** Runs in processes of their own what reads files that callers sent: the server's own loop carries every request. */
export type { ReadingLimits } from "./child.ts";
export * from "./reader.ts";
export * from "./tasks.ts";
