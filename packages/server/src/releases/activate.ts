import type { DeploymentCheck } from "@muxi/protocol";
import type { Layout } from "../base/layout.ts";
import type { RetiredReplicas } from "../processes/index.ts";
import type { ReportProgress } from "../reader/index.ts";
import { type Started, startChecked } from "./check.ts";
import { startFailure } from "./failures.ts";
import { type History, type Release, setLink, setLinks, writeHistory } from "./history.ts";
import { type Deployment, type Releases, specOf, watchStart } from "./releases.ts";

/** Stops what was in service, once its requests are finished. */
export const endRetired = async (
  { settings, drain }: Releases,
  { ports, stop }: RetiredReplicas,
): Promise<void> => {
  const stopAt = performance.now() + settings.drainMs;
  await drain(ports, settings.drainMs);
  // Work that goes on for clients that have left may use the remaining time.
  await stop(Math.max(0, stopAt - performance.now()) + settings.forceKillTimeoutMs);
};

export interface Activation {
  deployment: Deployment;
  layout: Layout;
  release: Release;
  /** The history after the switch. */
  history: History;
  /** Name of the processes under test: `<id>-staging` or `<id>-rollback`. */
  name: string;
  stage: "spawning_staging" | "spawning_previous";
  /** Status of the failure if the release does not become healthy. */
  unhealthyStatus: number;
  /** What is checked before the switch; undefined: nothing. */
  check: DeploymentCheck | undefined;
  report: ReportProgress;
  signal: AbortSignal;
}

/**
 * Replaces the release in service without a failed request (docs/spec/server-api.md "Update" and "Rollback"). The new
 * release is started beside the old one. Once it is healthy, it is written to the history and gets all further
 * requests; the old one finishes its requests and is stopped.
 *
 * @throws Failure when the new release does not become healthy, or its check fails. The old one stays in service.
 */
export const activate = async (releases: Releases, activation: Activation): Promise<Started> => {
  const { supervisor, registry, log } = releases;
  const { deployment, layout, release, history, name, report, signal } = activation;
  const { id } = deployment;
  let started: Started;
  try {
    await setLink(layout.staging, release.version);
    started = await startChecked(
      releases,
      specOf(layout, release, name),
      activation,
      watchStart(releases, report, {
        signal,
        onSpawn: ([port]) => {
          deployment.stagingPort = port;
          report({ stage: activation.stage, message: "Starting the other version", staging_port: port });
        },
      }),
    ).catch((error: unknown) => {
      throw startFailure(error, activation.unhealthyStatus, 507, "The running version is unchanged.");
    });
    signal.throwIfAborted();
    report({ stage: "swapping", message: "Switching versions" });
    await writeHistory(layout, history);
  } catch (error) {
    await supervisor.remove(name);
    await setLink(layout.staging, undefined);
    throw error;
  } finally {
    deployment.stagingPort = undefined;
  }
  const retired = supervisor.promote(name, id);
  deployment.history = history;
  try {
    await setLinks(layout, history);
    await registry.save();
  } catch (error) {
    // The version file is the truth; the next start repairs the links and the registry.
    log.error({ formation: id, err: error }, "could not save the new version's links or registry entry");
  }
  report({ stage: "stopping_old", message: "Stopping the other version" });
  await endRetired(releases, retired);
  return started;
};
