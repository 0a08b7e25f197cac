/** The control plane: runs formations as processes and passes requests on to them. */
export { isLoopback } from "@muxi/http";
export { trustOwnCertificate } from "./auth/index.ts";
export {
  ConfigError,
  type ConfigOverrides,
  type Directories,
  installedDirectories,
  loadConfig,
  type ServerConfig,
} from "./config/index.ts";
export { readServerPid, type ServerPid } from "./data-folder/index.ts";
export { createLineReader, type LineReader } from "./logs/index.ts";
export { isAlive } from "./processes/index.ts";
export { loadRows, rowsFile, wholeArchive } from "./staging/index.ts";
