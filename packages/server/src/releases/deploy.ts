import { rm, rmdir, stat } from "node:fs/promises";
import { isSystemError } from "@muxi/formation";
import type { DeploymentCheck } from "@muxi/protocol";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import type { Layout } from "../base/layout.ts";
import type { ReportProgress, Source } from "../reader/index.ts";
import { type Started, startChecked } from "./check.ts";
import { startFailure } from "./failures.ts";
import { setLinks, writeHistory } from "./history.ts";
import { layoutFor, type Releases, specOf, watchStart } from "./releases.ts";
import { stageRelease } from "./stage.ts";

export interface DeployRequest {
  id: string;
  /** The version that the client announced; undefined accepts that of the manifest. */
  version: string | undefined;
  source: Source;
  hash: string;
  /** What is checked before it counts; undefined: nothing. */
  check: DeploymentCheck | undefined;
}

/** A release that runs, and what its source held that it does not take. */
export interface Deployed extends Started {
  leftOut: string[];
}

/** Removes a formation from disk, except for its draft (docs/spec/server-api.md "Deploy"). */
export const removeDeployed = async (layout: Layout): Promise<void> => {
  const { versionFile, current, previous, staging, releases, data } = layout;
  // The version file first: if it is gone, a restarted server finishes the removal.
  for (const path of [versionFile, current, previous, staging, releases, data]) {
    await rm(path, { recursive: true, force: true });
  }
  try {
    await rmdir(layout.root);
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
};

/** @throws Failure 409 */
export const requireNew = ({ deployments }: Releases, id: string): void => {
  if (deployments.has(id)) {
    throw new Failure(409, "FormationExists", `Formation '${id}' already exists. Use PUT to update.`);
  }
};

const requireRoom = ({ deployments, settings }: Releases): void => {
  if (deployments.size >= settings.maxFormations) {
    throw new Failure(
      409,
      "TooManyFormations",
      `This server already has ${settings.maxFormations} formations. Delete one, or raise formations.max_formations in config.yaml.`,
    );
  }
};

/**
 * Deploys a new formation (docs/spec/server-api.md "Deploy"). The caller holds its lock.
 *
 * @throws Failure when it cannot be deployed; nothing is left of it then.
 */
export const deploy = async (
  releases: Releases,
  { id, version, source, hash, check }: DeployRequest,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<Deployed> => {
  const { supervisor, deployments, registry } = releases;
  requireNew(releases, id);
  requireRoom(releases);
  const layout = layoutFor(releases, id);
  // It is deployed, but this server could not read it at its start. It must not be overwritten.
  if ((await ifThere(stat(layout.versionFile))) !== undefined) {
    throw new Failure(
      409,
      "FormationExists",
      `Formation '${id}' exists, but ${layout.versionFile} cannot be read. Repair the file and restart the server, or remove its folder.`,
    );
  }
  const deployment = { id, history: undefined };
  deployments.set(id, deployment);
  try {
    report({ stage: "extracting", message: "Extracting formation bundle" });
    const { release, leftOut } = await stageRelease(releases, {
      ...{ layout, source, hash, report, signal },
      expectedVersion: version,
      version: 1,
      predecessor: undefined,
    });
    report({ stage: "spawning", message: "Starting formation" });
    const spec = specOf(layout, release);
    const started = await startChecked(
      releases,
      spec,
      { check, report },
      watchStart(releases, report, { signal }),
    ).catch((error: unknown) => {
      throw startFailure(error, 400, 500);
    });
    signal.throwIfAborted();
    await writeHistory(layout, { current: release });
    deployments.set(id, { id, history: { current: release } });
    await setLinks(layout, { current: release });
    await registry.save();
    return { ...started, leftOut };
  } catch (error) {
    await supervisor.remove(id);
    deployments.delete(id);
    await removeDeployed(layout);
    await registry.save();
    throw error;
  }
};
