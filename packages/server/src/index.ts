/** The control plane: runs formations as processes and passes requests on to them. */
export { ConfigError, type ConfigOverrides, loadConfig, type ServerConfig } from "./config.ts";
export { type Directories, serverDirectories } from "./directories.ts";
export { readServerPid, type ServerPid, serverPidFile } from "./pid-file.ts";
export { createServer, type MuxiServer, type ServerOptions } from "./server.ts";
export { installedDirectories, type RunningServer, type StartOptions, startServer } from "./start.ts";
export { trustOwnCertificate } from "./trust.ts";
export { version } from "./version.ts";
