import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ifThere, syncFolder } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import type { FormationState } from "../processes/index.ts";
import { startFailure } from "./failures.ts";
import {
  layoutFor,
  type Releases,
  type ReportProgress,
  requireDeployment,
  requireHistory,
  specOf,
  watchStart,
} from "./releases.ts";

/** Of folders that are being removed: no formation has such an id. Beside the formations, so that a rename suffices. */
export const deletedPrefix = ".deleted-";

const graceOf = ({ settings }: Releases): number => settings.drainMs + settings.forceKillTimeoutMs;

/** @throws Failure 404, 409 when it is stopped already. */
export const stop = async (releases: Releases, id: string): Promise<void> => {
  requireDeployment(releases, id);
  if (releases.supervisor.get(id)?.status === "stopped") {
    throw new Failure(409, "AlreadyStopped", "Formation is already stopped");
  }
  await releases.supervisor.stop(id, graceOf(releases));
  await releases.registry.save();
};

const startCurrent = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  const { history, layout } = await requireHistory(releases, id);
  report({ stage: "validating", message: "Looking for the formation" });
  report({ stage: "spawning", message: "Starting formation" });
  try {
    return await releases.supervisor.start(
      specOf(layout, history.current),
      watchStart(releases, report, { signal }),
    );
  } catch (error) {
    throw startFailure(error, 500, 500);
  } finally {
    await releases.registry.save();
  }
};

/** @throws Failure 404, 409 when it runs already, 500 when it does not become healthy; it is stopped then. */
export const start = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  requireDeployment(releases, id);
  const { status } = releases.supervisor.get(id) ?? {};
  if (status === "running" || status === "starting") {
    throw new Failure(409, "AlreadyRunning", `Formation is already ${status}`);
  }
  return startCurrent(releases, id, report, signal);
};

/** @throws Failure 404, 500 when it does not become healthy again; it is stopped then. */
export const restart = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  const deployment = requireDeployment(releases, id);
  report({ stage: "stopping", message: "Stopping current process" });
  // Until it has come to its end, for what is written meanwhile may be the last word of a server that is killed.
  deployment.restarting = true;
  try {
    await releases.supervisor.stop(id, graceOf(releases));
    releases.supervisor.countRestart(id);
    return await startCurrent(releases, id, report, signal);
  } finally {
    deployment.restarting = false;
    await releases.registry.save();
  }
};

/** Stops a formation and removes all that it has on disk, its draft included. */
export const remove = async (releases: Releases, id: string): Promise<void> => {
  requireDeployment(releases, id);
  const { supervisor, deployments, registry, settings, now } = releases;
  // First, and out of sight in one step: a server that is killed before runs it as if nothing had been, after it the
  // formation is gone. What a crash leaves of it goes with the next start.
  const trash = join(settings.formationsDirectory, `${deletedPrefix}${id}-${now()}`);
  await ifThere(rename(layoutFor(releases, id).root, trash));
  await syncFolder(settings.formationsDirectory);
  await supervisor.remove(id, settings.forceKillTimeoutMs);
  deployments.delete(id);
  await registry.save();
  await rm(trash, { recursive: true, force: true });
};
