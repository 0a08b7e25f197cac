import type { FormationState } from "../processes/index.ts";
import { startFailure } from "./failures.ts";
import { type History, type Release, setLink, setLinks, writeHistory } from "./history.ts";
import type { Layout } from "./layout.ts";
import { type Deployment, type Releases, type ReportProgress, specOf, watchStart } from "./releases.ts";

export interface Activation {
  deployment: Deployment;
  layout: Layout;
  release: Release;
  /** What holds afterwards. */
  history: History;
  /** Of the process that is tried out: `<id>-staging` or `<id>-rollback`. */
  name: string;
  stage: "spawning_staging" | "spawning_previous";
  /** Status of an answer that the release did not become healthy. */
  unhealthyStatus: number;
  report: ReportProgress;
  signal: AbortSignal;
}

/**
 * Puts a release in the place of the one in service, without a request that fails in between
 * (docs/spec/server-api.md "Update" and "Rollback"): starts it beside the other, and once it is healthy
 * writes down that it counts and sends it the next request. The other gets none any more, ends those it has,
 * and is stopped.
 *
 * @throws Failure when it does not become healthy. The other stays in service.
 */
export const activate = async (releases: Releases, activation: Activation): Promise<FormationState> => {
  const { supervisor, registry, settings, log } = releases;
  const { deployment, layout, release, history, name, report, signal } = activation;
  const { id } = deployment;
  try {
    await setLink(layout.staging, release.version);
    await supervisor
      .start(
        specOf(layout, release, name),
        watchStart(releases, report, {
          signal,
          onSpawn: ([port]) => {
            deployment.stagingPort = port;
            report({ stage: activation.stage, message: "Starting the other version", staging_port: port });
          },
        }),
      )
      .catch((error: unknown) => {
        throw startFailure(error, activation.unhealthyStatus, 507, "The running version was not touched.");
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
    // The version file counts; the next start puts the links and the registry right.
    log.error({ formation: id, err: error }, "could not note the new version everywhere");
  }
  report({ stage: "stopping_old", message: "Stopping the other version" });
  const stopAt = performance.now() + settings.drainMs;
  await releases.drain(retired.ports, settings.drainMs);
  // Whatever it still does for clients that left may take the rest of the time.
  await retired.stop(Math.max(0, stopAt - performance.now()) + settings.forceKillTimeoutMs);
  const formation = supervisor.get(id);
  if (!formation) throw new Error(`${id} has just been put in service`);
  return formation;
};
