import { dirname, join } from "node:path";
import type { Formation } from "@muxi/formation";
import { AuthorizationError, ConflictError, ConnectionError, NotFoundError } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import {
  explainServerError,
  type LocalServer,
  launchServer,
  portInUse,
  probe,
  stopProcess,
} from "../../server/index.ts";
import type { Ui } from "../../ui/index.ts";

const startTimeoutMs = 5 * 60_000;

/** Makes sure that a server answers. Gives the pid of one that had to be started for it. */
export const ensureServer = async (
  context: Context,
  server: LocalServer,
  ui: Ui,
): Promise<number | undefined> => {
  const found = await probe(server.url);
  if (found.kind === "muxi") return undefined;
  if (found.kind === "other") throw portInUse(server.port, found.reason);
  const pid = await ui.during("Starting the server...", () => launchServer(context, server));
  if (pid !== undefined) {
    ui.success(`Started the server on ${server.url}`);
    ui.line(`  Log: ${server.logFile}`);
  }
  return pid;
};

/** Where a draft listens, and the process that it is. */
export interface StartedDraft {
  port: number;
  pid: number;
}

/**
 * Starts a draft and waits until it is healthy. This cannot be interrupted: a stop that overtakes the start would miss it.
 *
 * @throws CliError with the end of the formation's error output, when it does not become healthy.
 */
export const startDraft = async (server: LocalServer, formation: Formation): Promise<StartedDraft> => {
  const { client, directories } = server;
  try {
    const { port, pid } = await client.devRun({ path: formation.dir }, { timeout: startTimeoutMs });
    if (port !== undefined && pid !== undefined) return { port, pid };
  } catch (error) {
    if (error instanceof ConflictError) {
      throw new CliError(`Formation '${formation.id}' is already running`, {
        detail: [error.message],
        hint: `Run: muxi down ${formation.id}`,
        cause: error,
      });
    }
    if (error instanceof AuthorizationError) {
      const config = join(directories.config, "config.yaml");
      throw new CliError("This server runs no drafts from that folder", {
        detail: [error.message],
        hint: `Put this into ${config} and start the server again:\n  dev:\n    roots: [${dirname(formation.dir)}]`,
        cause: error,
      });
    }
    throw explainServerError(error, server, `Formation '${formation.id}' did not start`);
  }
  throw new CliError("The server is too old for this muxi", {
    detail: ["It did not tell the port and the process of the draft"],
  });
};

/** Stops a draft, if it and its server are still there. */
export const stopDraft = async ({ client }: LocalServer, formationId: string): Promise<void> => {
  try {
    await client.devStop({ formationId });
  } catch (error) {
    if (!(error instanceof NotFoundError || error instanceof ConnectionError)) throw error;
  }
};

/** Stops a server that this command has started, unless somebody else has begun to use it. */
export const stopOwnServer = async (server: LocalServer, pid: number | undefined): Promise<void> => {
  if (pid === undefined || (await probe(server.url)).kind !== "muxi") return;
  // Every formation that runs, deployed or draft, holds a port.
  const { port_pool: ports } = await server.client.status();
  if (ports.allocated === 0) await stopProcess(pid);
};
