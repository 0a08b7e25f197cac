/** The server's settings: its folders, and what the command line, the environment and `config.yaml` say. */
export * from "./config.ts";
export * from "./directories.ts";
export type { FormationsConfig } from "./formations-config.ts";
