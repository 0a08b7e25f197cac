import { join } from "node:path";
import {
  ConfigError,
  type ConfigOverrides,
  type Directories,
  installedDirectories,
  loadConfig,
  readServerPid,
  type ServerConfig,
  type ServerPid,
  trustOwnCertificate,
} from "@muxi/server";
import { ServerClient } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import type { CalledServer } from "./explain.ts";
import { probe } from "./probe.ts";

/** The server that this user's settings describe, whether it is running or not. */
export interface LocalServer extends CalledServer {
  client: ServerClient;
  port: number;
  directories: Directories;
  /** Folder with the deployed formations, as `<id>/current`. */
  formationsDirectory: string;
  /** Folder with the output of formations. */
  logsDirectory: string;
  /** File with its output if `muxi` started it in the background. */
  logFile: string;
}

/**
 * Reads the server's settings as the server does, and trusts their certificate from then on.
 *
 * @throws CliError when they are invalid.
 */
const readSettings = async (context: Context, overrides: ConfigOverrides = {}): Promise<ServerConfig> => {
  try {
    const directories = installedDirectories(context);
    const config = await loadConfig({ directories, env: context.env, overrides });
    if (config.tls) await trustOwnCertificate(config.tls.cert);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError("The server's settings are invalid", {
      detail: error.message.split("\n"),
      cause: error,
    });
  }
};

/** Makes this process trust this machine's server, if its address uses TLS. */
export const prepareFor = async (context: Context, url: string): Promise<void> => {
  if (url.startsWith("https:")) await readSettings(context);
};

/**
 * The server of this machine. Its credentials and port come from its own `config.yaml`, so they need not be
 * configured twice. A running server is found on whatever port it was started with.
 *
 * @param port Port from the command line, which overrides both.
 * @throws CliError when the settings are invalid.
 */
export const localServer = async (context: Context, port: number | undefined): Promise<LocalServer> => {
  const directories = installedDirectories(context);
  const chosen = port ?? (await runningServer(context))?.port;
  const config = await readSettings(context, chosen === undefined ? {} : { port: String(chosen) });
  const url = `${config.tls ? "https" : "http"}://127.0.0.1:${config.port}`;
  return {
    name: "this machine",
    url,
    isThisMachine: true,
    port: config.port,
    directories,
    formationsDirectory: config.formationsDirectory,
    logsDirectory: config.processes.logsDirectory,
    logFile: join(directories.logs, "server.log"),
    client: new ServerClient({
      url,
      keyId: config.credentials?.key,
      secretKey: config.credentials?.secret,
    }),
  };
};

/**
 * The server that is running on this user's data folder. The pid file alone proves nothing: a killed server leaves it
 * behind, and another process may have its id now.
 */
export const runningServer = async (context: Context): Promise<ServerPid | undefined> => {
  const server = await readServerPid(installedDirectories(context).data);
  if (server) await prepareFor(context, server.url);
  return server && (await probe(server.url)).kind === "muxi" ? server : undefined;
};
