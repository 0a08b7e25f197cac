import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { systemCode } from "@muxi/formation";
import {
  ConfigError,
  type ConfigOverrides,
  type Directories,
  installedDirectories,
  loadConfig,
  type ServerConfig,
} from "./config/index.ts";
import { removeServerPid, writeServerPid } from "./data-folder/index.ts";
import { createLog, type Log } from "./logs/index.ts";
import { runtimeCommand } from "./processes/index.ts";
import { createServer, type Listening, type MuxiServer } from "./server.ts";

export interface StartOptions {
  env: NodeJS.ProcessEnv;
  overrides?: ConfigOverrides;
}

export interface RunningServer {
  url: string;
  port: number;
  config: ServerConfig;
  directories: Directories;
  log: Log;
  /** Stops the server and every formation, and removes the pid file. */
  close(): Promise<void>;
}

const listen = async (server: MuxiServer, config: ServerConfig): Promise<Listening> => {
  const { host, port, metrics } = config;
  try {
    return await server.listen();
  } catch (error) {
    await server.close();
    const code = systemCode(error);
    if (code === "EADDRINUSE") {
      if (metrics && error instanceof Error && "port" in error && error.port === metrics.port) {
        throw new ConfigError(`Port ${metrics.port} is in use. Choose another one for server.metrics.port.`);
      }
      throw new ConfigError(
        `Port ${port} on ${host} is in use. Stop the program that uses it, or choose another port with --port or MUXI_SERVER_PORT.`,
      );
    }
    if (code === "EACCES") {
      throw new ConfigError(`This user may not open port ${port}. Choose one above 1023 with --port.`);
    }
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
      throw new ConfigError(
        `This machine does not have the address ${host}. Choose another one with --host or server.host.`,
      );
    }
    throw error;
  }
};

/**
 * Starts the server as the command does: with settings and folders from the environment, a log on stdout, and a pid
 * file in the data folder.
 *
 * @throws ConfigError when a setting is wrong or the port is in use.
 */
export const startServer = async ({ env, overrides = {} }: StartOptions): Promise<RunningServer> => {
  const directories = installedDirectories({ env, home: homedir() });
  const config = await loadConfig({ directories, env, overrides });
  await mkdir(directories.data, { recursive: true, mode: 0o700 });
  const log = createLog(config.logLevel);
  const server = createServer({ config, log, env, runtime: runtimeCommand });
  const { port, url, metricsPort } = await listen(server, config);
  await writeServerPid(directories.data, { pid: process.pid, port, url });
  log.info(
    {
      url,
      host: config.host,
      auth: config.credentials !== undefined,
      ...(metricsPort !== undefined && { metrics_port: metricsPort }),
    },
    "server listening",
  );
  return {
    url,
    port,
    config,
    directories,
    log,
    async close() {
      await server.close();
      await removeServerPid(directories.data, process.pid);
      log.info("server stopped");
    },
  };
};
