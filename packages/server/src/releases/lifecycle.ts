import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ifThere, syncFolder } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { removeLogs } from "../logs/index.ts";
import type { FormationState } from "../processes/index.ts";
import type { ReportProgress } from "../reader/index.ts";
import { endRetired } from "./activate.ts";
import { startFailure } from "./failures.ts";
import {
  layoutFor,
  type Releases,
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

interface CurrentStart {
  id: string;
  /** Of its processes. */
  name: string;
  report: ReportProgress;
  signal: AbortSignal;
}

/** Starts the current release. */
const startCurrent = async (
  releases: Releases,
  { id, name, report, signal }: CurrentStart,
): Promise<FormationState> => {
  const { history, layout } = await requireHistory(releases, id);
  report({ stage: "validating", message: "Checking the formation" });
  report({ stage: "spawning", message: "Starting formation" });
  return releases.supervisor.start(
    specOf(layout, history.current, name),
    watchStart(releases, report, { signal }),
  );
};

const startStopped = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  try {
    return await startCurrent(releases, { id, name: id, report, signal });
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
  return startStopped(releases, id, report, signal);
};

/** Starts it beside what runs, which goes on until the new process has taken its place. */
const replaceRunning = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  const { supervisor, registry, log } = releases;
  const name = `${id}-staging`;
  let started: FormationState;
  try {
    started = await startCurrent(releases, { id, name, report, signal });
    signal.throwIfAborted();
  } catch (error) {
    await supervisor.remove(name);
    throw startFailure(error, 500, 507, "The running process is unchanged.");
  }
  const retired = supervisor.promote(name, id);
  supervisor.countRestart(id);
  try {
    await registry.save();
  } catch (error) {
    // It is in service. What the registry says until its next change is how it was run before.
    log.error({ formation: id, err: error }, "could not save the registry entry");
  }
  report({ stage: "stopping", message: "Stopping the process before" });
  await endRetired(releases, retired);
  return started;
};

/**
 * Starts a formation anew (docs/spec/server-api.md "Start, stop, restart, delete").
 *
 * @throws Failure 404, or 500 if it does not become healthy; what ran then goes on.
 */
export const restart = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<FormationState> => {
  const deployment = requireDeployment(releases, id);
  if (releases.supervisor.get(id)?.status === "running") return replaceRunning(releases, id, report, signal);
  report({ stage: "stopping", message: "Stopping current process" });
  // Set until the end: if the server is killed meanwhile, what the registry says now is what the next server goes by.
  deployment.restarting = true;
  try {
    await releases.supervisor.stop(id, graceOf(releases));
    releases.supervisor.countRestart(id);
    return await startStopped(releases, id, report, signal);
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
