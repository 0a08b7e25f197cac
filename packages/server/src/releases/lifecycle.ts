import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ifThere, syncFolder } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { removeLogs } from "../logs/index.ts";
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

/**
 * Prefix of folders that are being removed; no formation id looks like this. They are beside the formations, so that
 * a rename is enough.
 */
export const deletedPrefix = ".deleted-";

const graceOf = ({ settings }: Releases): number => settings.drainMs + settings.forceKillTimeoutMs;

/** @throws Failure 404, or 409 if it is already stopped. */
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
  report({ stage: "validating", message: "Checking the formation" });
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

/** @throws Failure 404, 409 if it is already running, or 500 if it does not become healthy; it is stopped then. */
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

/** @throws Failure 404, or 500 if it does not become healthy again; it is stopped then. */
export const restart = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  const deployment = requireDeployment(releases, id);
  report({ stage: "stopping", message: "Stopping current process" });
  // Set until the end: if the server is killed meanwhile, what the registry says now is what the next server goes by.
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

/** Stops a formation and removes everything that it has on disk, including its draft and its logs. */
export const remove = async (releases: Releases, id: string): Promise<void> => {
  requireDeployment(releases, id);
  const { supervisor, deployments, registry, settings, now } = releases;
  // This comes first, and takes effect in one step: if the server is killed before it, the formation is unaffected;
  // after it, the formation is gone. What a crash leaves behind is removed by the next start.
  const trash = join(settings.formationsDirectory, `${deletedPrefix}${id}-${now()}`);
  await ifThere(rename(layoutFor(releases, id).root, trash));
  await syncFolder(settings.formationsDirectory);
  await supervisor.remove(id, settings.forceKillTimeoutMs);
  deployments.delete(id);
  await registry.save();
  await rm(trash, { recursive: true, force: true });
  await removeLogs(settings.logsDirectory, id);
};
