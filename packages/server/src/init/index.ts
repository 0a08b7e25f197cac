/** `muxi-server init`: writes a `config.yaml` with new credentials. */
export { initConfig } from "./init.ts";
export { runInit } from "./init-command.ts";
