/** `muxi-server init`: writes a `config.yaml` with new credentials. */
export { type InitOptions, initConfig } from "./init.ts";
export { type InitFlags, runInit } from "./init-command.ts";
