import { setTimeout as delay } from "node:timers/promises";
import type { Bundle } from "@muxi/formation";
import {
  ConflictError,
  ConnectionError,
  type DeploymentCheck,
  MuxiError,
  NotFoundError,
  type OperationComplete,
} from "muxi-client";
import { CliError } from "../../base/errors.ts";
import { type ChosenServer, explainDeployedError } from "../../server/index.ts";
import type { Ui } from "../../ui/index.ts";
import { followOperation } from "../deployed/index.ts";

export interface Upload {
  server: ChosenServer;
  bundle: Bundle;
  bundlePath: string;
  /** The formation is already deployed. */
  isUpdate: boolean;
  stream: boolean;
  check: DeploymentCheck;
  /** What of a formation's own data in the bundle is to be that of the release. */
  takes: "nothing" | "database" | "all";
  /** Aborts on Ctrl+C. */
  signal: AbortSignal;
}

/** What a server answers to a deployment, at once or at the end of its stages. */
type Uploaded = Pick<OperationComplete, "problems" | "left_out">;

const send = async (
  ui: Ui,
  { server, bundle, bundlePath, isUpdate, stream, check, takes, signal }: Upload,
): Promise<Uploaded> => {
  const { client } = server;
  const { id, version, sha256 } = bundle;
  const deployment = { bundlePath, formationId: id, version, check };
  // The signature does not cover the body, so this lets the server verify it.
  const headers = {
    "x-muxi-content-sha256": sha256,
    ...(takes === "database" && { "x-muxi-include-db": "true" }),
    ...(takes === "all" && { "x-muxi-include-data": "true" }),
  };
  const options = { signal, headers };
  if (stream) {
    const streamOptions = { ...options, idleTimeout: 0 };
    return followOperation(ui, {
      server,
      events: isUpdate
        ? client.updateFormationStream(deployment, streamOptions)
        : client.deployFormationStream(deployment, streamOptions),
      waiting: "Pushing to server...",
      accepted: "Pushed to server",
      failed: "Push failed",
    });
  }
  try {
    return await ui.during("Pushing to server...", (): Promise<Uploaded> => {
      return isUpdate
        ? client.updateFormation(deployment, options)
        : client.deployFormation(deployment, options);
    });
  } catch (error) {
    throw explainDeployedError(error, server, "Push failed");
  }
};

const pollMs = 250;
const attempts = 20;

/**
 * Undoes an interrupted deployment. The server continues when a client disconnects, and knows the formation or the
 * update only after it has unpacked the bundle, so this is tried several times.
 */
const undo = async ({ server, bundle, isUpdate }: Upload): Promise<void> => {
  const formation = { formationId: bundle.id };
  for (let attempt = 1; ; attempt++) {
    try {
      await (isUpdate ? server.client.cancelUpdate(formation) : server.client.deleteFormation(formation));
      return;
    } catch (error) {
      const notYet =
        error instanceof NotFoundError ||
        error instanceof ConflictError ||
        (error instanceof MuxiError && error.statusCode === 400);
      if (!notYet) throw error;
      // There is nothing to undo.
      if (attempt === attempts) return;
      await delay(pollMs);
    }
  }
};

/**
 * Sends a bundle and waits until its formation is running. On Ctrl+C the server is left as it was before
 * (docs/spec/cli.md "Stopping a deployment").
 *
 * @throws CliError when it fails, with exit code 130 after an interruption.
 */
export const upload = async (ui: Ui, wanted: Upload): Promise<Uploaded> => {
  const { signal, isUpdate, server } = wanted;
  try {
    signal.throwIfAborted();
    return await send(ui, wanted);
  } catch (error) {
    if (!signal.aborted) throw error;
    await ui
      .during("Undoing the deployment...", () => undo(wanted))
      .catch((failure: unknown) => {
        if (!(failure instanceof ConnectionError)) throw failure;
        throw explainDeployedError(failure, server, "The deployment could not be undone");
      });
    ui.line(isUpdate ? "Original version still running" : "Cleaned up partial deployment");
    throw new CliError(isUpdate ? "Update aborted" : "Deployment aborted", { exitCode: 130, cause: error });
  }
};
