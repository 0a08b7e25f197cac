/** The server's settings: its folders, and the command line, environment and `config.yaml`. */
export * from "./config.ts";
export * from "./directories.ts";
export type { FormationsConfig } from "./formations-config.ts";
