import { Failure } from "../base/failure.ts";
import type { ReportProgress } from "../reader/index.ts";
import { activate } from "./activate.ts";
import type { Started } from "./check.ts";
import type { Deployed, DeployRequest } from "./deploy.ts";
import { type History, nextVersion, removeUnused } from "./history.ts";
import { type Releases, requireHistory } from "./releases.ts";
import { stageRelease } from "./stage.ts";

export interface VersionSwitch extends Started {
  history: History;
}

/**
 * Replaces a formation with its next release (docs/spec/server-api.md "Update"). The caller holds its lock.
 *
 * @throws Failure when the new release cannot run. The old one stays in service, and nothing is left of the new one.
 */
export const update = async (
  releases: Releases,
  { id, version, source, hash, check }: DeployRequest,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<VersionSwitch & Deployed> => {
  const { deployment, history, layout } = await requireHistory(releases, id);
  report({ stage: "extracting", message: "Extracting formation bundle" });
  // A backup is restored however often: what the formation has learned since is not in its bundle's hash.
  const restores = "bundle" in source && source.takes === "all";
  if (!restores && hash === history.current.bundle_hash) {
    throw new Failure(409, "NoChange", `Formation '${id}' is already running this bundle`);
  }
  try {
    const { release, leftOut } = await stageRelease(releases, {
      ...{ layout, source, hash, report, signal },
      expectedVersion: version,
      version: nextVersion(history),
      predecessor: history.current.version,
    });
    const next: History = { current: release, previous: history.current };
    const started = await activate(releases, {
      ...{ deployment, layout, release, check, report, signal },
      history: next,
      name: `${id}-staging`,
      stage: "spawning_staging",
      unhealthyStatus: 400,
    });
    return { ...started, leftOut, history: next };
  } finally {
    await removeUnused(layout, deployment.history ?? history);
  }
};

/**
 * Cancels an update that has not switched yet (docs/spec/server-api.md "Cancel an update").
 *
 * @returns The port of the new version's process; 0 if it was not started yet.
 * @throws Failure 404 or 400
 */
export const cancelUpdate = async (releases: Releases, id: string): Promise<number> => {
  const { deployment, history } = await requireHistory(releases, id);
  const running = releases.locks.get(id);
  const none = new Failure(400, "NoUpdate", "No update in progress for this formation");
  if (running?.kind !== "updated") throw none;
  const { stagingPort = 0 } = deployment;
  await running.abort(new Failure(400, "HealthCheckFailed", "The update was cancelled"));
  // It may already have switched.
  if (deployment.history?.current.version !== history.current.version) throw none;
  return stagingPort;
};

/**
 * Goes back to the release before the last update (docs/spec/server-api.md "Rollback"). A second rollback undoes the
 * first.
 *
 * @throws Failure when there is no such release, or it can no longer run. The current release stays in service.
 */
export const rollback = async (
  releases: Releases,
  id: string,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<VersionSwitch> => {
  const { deployment, history, layout } = await requireHistory(releases, id);
  report({ stage: "validating", message: "Checking the previous version" });
  const { previous } = history;
  if (!previous) {
    throw new Failure(400, "NoPreviousVersion", `Formation '${id}' has no previous version to go back to`);
  }
  const next: History = { current: previous, previous: history.current };
  const started = await activate(releases, {
    ...{ deployment, layout, release: previous, report, signal },
    check: undefined,
    history: next,
    name: `${id}-rollback`,
    stage: "spawning_previous",
    unhealthyStatus: 500,
  });
  return { ...started, history: next };
};
