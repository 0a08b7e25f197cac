import { dirname, join } from "node:path";
import { environmentOf, type Formation } from "@muxi/formation";
import {
  AuthorizationError,
  ConflictError,
  ConnectionError,
  type DeploymentCheck,
  type FormationProblem,
  NotFoundError,
} from "muxi-client";
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

/**
 * Makes sure that a server is running.
 *
 * @returns Process id of the server, if it had to be started.
 */
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

/** Port and process id of a draft. */
export interface StartedDraft {
  port: number;
  pid: number;
  problems: readonly FormationProblem[] | undefined;
}

/**
 * Starts a draft and waits until it is healthy. This cannot be interrupted: a stop that overtook the start would have
 * no effect.
 *
 * @throws CliError with the end of the formation's error output if it does not become healthy, or with what the check
 * has found.
 */
export const startDraft = async (
  { env }: Pick<Context, "env">,
  server: LocalServer,
  formation: Formation,
  check: DeploymentCheck,
): Promise<StartedDraft> => {
  const { client, directories } = server;
  try {
    const started = await client.devRun(
      // The server may have been started from another terminal, with other keys.
      { path: formation.dir, check, environment: environmentOf(formation, env) },
      { timeout: startTimeoutMs },
    );
    const { port, pid, problems } = started;
    if (port !== undefined && pid !== undefined) return { port, pid, problems };
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
      throw new CliError("This server does not run drafts from that folder", {
        detail: [error.message],
        hint: `Add this to ${config} and restart the server:\n  dev:\n    roots: [${dirname(formation.dir)}]`,
        cause: error,
      });
    }
    throw explainServerError(error, server, `Formation '${formation.id}' did not start`);
  }
  throw new CliError("The server is too old for this muxi", {
    detail: ["It did not return the port and process id of the draft"],
  });
};

/** Stops a draft, if it and its server are still running. */
export const stopDraft = async ({ client }: LocalServer, formationId: string): Promise<void> => {
  try {
    await client.devStop({ formationId });
  } catch (error) {
    if (!(error instanceof NotFoundError || error instanceof ConnectionError)) throw error;
  }
};

/** Stops the server if this command has started it, unless it now runs other formations. */
export const stopOwnServer = async (server: LocalServer, pid: number | undefined): Promise<void> => {
  if (pid === undefined || (await probe(server.url)).kind !== "muxi") return;
  // Every running formation, deployed or draft, uses a port.
  const { port_pool: ports } = await server.client.status();
  if (ports.allocated === 0) await stopProcess(pid);
};
