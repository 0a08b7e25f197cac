import { join } from "node:path";
import {
  ConfigError,
  type Directories,
  installedDirectories,
  loadConfig,
  readServerPid,
  type ServerPid,
} from "@muxi/server";
import { ServerClient } from "muxi-client";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { probe } from "./probe.ts";

/** The server that this user's settings describe, running or not. */
export interface LocalServer {
  url: string;
  port: number;
  directories: Directories;
  /** Holds the files of the deployed ones, as `<id>/current`. */
  formationsDirectory: string;
  /** Holds what the formations print. */
  logsDirectory: string;
  /** What it prints when `muxi` started it in the background. */
  logFile: string;
  client: ServerClient;
}

/**
 * The server of this machine: its credentials and its port come from its own `config.yaml`, so that both sides
 * agree without being told twice. One that runs already is found on whatever port it was started with.
 *
 * @param port Of the command line; wins over both.
 * @throws CliError when the settings are wrong.
 */
export const localServer = async (context: Context, port: number | undefined): Promise<LocalServer> => {
  const { env } = context;
  const directories = installedDirectories(env);
  const chosen = port ?? (await runningServer(context))?.port;
  try {
    const overrides = chosen === undefined ? {} : { port: String(chosen) };
    const config = await loadConfig({ directories, env, overrides });
    const url = `${config.tls ? "https" : "http"}://127.0.0.1:${config.port}`;
    return {
      url,
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
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError("The server's settings cannot be used", {
      detail: error.message.split("\n"),
      cause: error,
    });
  }
};

/**
 * The server that runs on this user's data folder. Its pid file alone proves nothing: a killed server leaves it
 * behind, and another program may have got the number.
 */
export const runningServer = async ({ env }: Context): Promise<ServerPid | undefined> => {
  const server = await readServerPid(installedDirectories(env).data);
  return server && (await probe(server.url)).kind === "muxi" ? server : undefined;
};
