import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import {
  explainServerError,
  launchServer,
  localServer,
  portInUse,
  probe,
  runningServer,
  runServer,
  stopProcess,
} from "../server/index.ts";
import { createUi, duration, type OutputFormat } from "../ui/index.ts";

export interface ServerInitOptions {
  output: OutputFormat;
  port?: number;
  host?: string;
  yes: boolean;
  force: boolean;
}

/** `muxi server init`: runs `muxi-server init` on this terminal (docs/spec/cli.md "muxi server"). */
export const serverInit = (
  context: Context,
  { output, port, host, yes, force }: ServerInitOptions,
): Promise<number> =>
  runServer(context, [
    "init",
    ...["--output", output],
    ...(port === undefined ? [] : ["--port", String(port)]),
    ...(host === undefined ? [] : ["--host", host]),
    ...(yes ? ["--yes"] : []),
    ...(force ? ["--force"] : []),
  ]);

/** `muxi server config`: the effective settings, with the secret masked. */
export const serverConfig = (context: Context): Promise<number> => runServer(context, ["config", "show"]);

export const serverVersion = (context: Context): Promise<number> => runServer(context, ["version"]);

export interface ServerStartOptions {
  output: OutputFormat;
  port?: number;
  daemon: boolean;
}

/** `muxi server start`: on this terminal, or in the background with `--daemon`. */
export const serverStart = async (
  context: Context,
  { output, port, daemon }: ServerStartOptions,
): Promise<number> => {
  if (!daemon) return runServer(context, ["start", ...(port === undefined ? [] : ["--port", String(port)])]);
  const ui = createUi(context, output);
  const server = await localServer(context, port);
  const found = await probe(server.url);
  if (found.kind === "muxi") {
    ui.data({ server_url: server.url, pid: (await runningServer(context))?.pid ?? null });
    ui.warning(`A server is already running on ${server.url}`);
    return 0;
  }
  if (found.kind === "other") throw portInUse(server.port, found.reason);
  const pid = await ui.during("Starting the server...", () => launchServer(context, server));
  ui.data({ server_url: server.url, pid: pid ?? null });
  ui.success(`Server running on ${server.url}${pid === undefined ? "" : ` (pid ${pid})`}`);
  ui.line(`  Log:     ${server.logFile}`);
  ui.line("  To stop: muxi server stop");
  return 0;
};

export interface ServerStopOptions {
  output: OutputFormat;
}

/** `muxi server stop`: sends SIGTERM to the server of this data folder, and waits up to 15 seconds for it to end. */
export const serverStop = async (context: Context, { output }: ServerStopOptions): Promise<number> => {
  const ui = createUi(context, output);
  const server = await runningServer(context);
  if (!server) {
    ui.data({ status: "stopped" });
    ui.warning("The server is not running");
    return 0;
  }
  const stopped = await ui.during("Stopping the server...", () => stopProcess(server.pid));
  if (!stopped) {
    throw new CliError("The server did not stop", {
      detail: [`Process ${server.pid} is still running after 15 seconds`],
      hint: `Run: kill -9 ${server.pid}`,
    });
  }
  ui.data({ status: "stopped" });
  ui.success(`Stopped the server on ${server.url}`);
  return 0;
};

export interface ServerStatusOptions {
  output: OutputFormat;
  port?: number;
}

/** `muxi server status`: exit code 0 if the server is running, 1 if not. */
export const serverStatus = async (
  context: Context,
  { output, port }: ServerStatusOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const server = await localServer(context, port);
  const found = await probe(server.url);
  if (found.kind !== "muxi") {
    ui.data({ status: "stopped", server_url: server.url });
    ui.line(`${ui.colours.dim("○")} No server is running on ${server.url}`);
    return 1;
  }
  const status = await server.client.status().catch((error: unknown) => {
    throw explainServerError(error, server, `The status of the server on ${server.url} could not be read`);
  });
  ui.data({ status: "running", server_url: server.url, ...status });
  const { formations, port_pool: ports } = status;
  ui.line(`${ui.colours.green("●")} Server running on ${server.url}`);
  ui.line(`  Version:    ${status.server.version}`);
  ui.line(`  Uptime:     ${duration(status.server.uptime)}`);
  ui.line(`  Formations: ${formations.total} deployed, ${formations.running} running`);
  ui.line(`  Ports:      ${ports.allocated} of ${ports.total} in use`);
  return 0;
};
