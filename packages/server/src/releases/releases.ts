import { Failure } from "../base/failure.ts";
import { type Layout, layoutOf } from "../base/layout.ts";
import type { BundleLimits } from "../bundles/index.ts";
import type { Log } from "../logs/index.ts";
import type { InstallOptions } from "../packages/index.ts";
import type { FormationSpec, FormationState, StartWatch, Supervisor } from "../processes/index.ts";
import type { Reader, ReportProgress } from "../reader/index.ts";
import { type History, readHistory } from "./history.ts";
import { Locks } from "./locks.ts";
import { createRegistry, type Registry, type RegistryRecord } from "./registry.ts";

/** What is known of a deployed formation apart from its processes. */
export interface Deployment {
  id: string;
  /** Undefined until its first release is healthy. */
  history: History | undefined;
  /** Port of the process that an update is testing. */
  stagingPort?: number | undefined;
  /** It is stopped only to be started again: if the server is killed meanwhile, the next one starts it. */
  restarting?: boolean;
  lastHealthCheck?: { at: number; healthy: boolean };
}

export interface ReleaseSettings {
  serverId: string;
  dataDirectory: string;
  formationsDirectory: string;
  temporaryDirectory: string;
  logsDirectory: string;
  maxFormations: number;
  bundle: BundleLimits;
  /** How packages that a bundle names are installed. */
  install: Pick<InstallOptions, "allowed" | "env" | "timeoutMs">;
  /** How long requests may take to finish when their process is to be stopped. */
  drainMs: number;
  healthTimeoutMs: number;
  healthIntervalMs: number;
  forceKillTimeoutMs: number;
}

/** The state and services that operations on deployed formations share. */
export interface Releases {
  readonly settings: ReleaseSettings;
  readonly supervisor: Supervisor;
  readonly reader: Reader;
  readonly locks: Locks;
  readonly registry: Registry;
  readonly deployments: Map<string, Deployment>;
  readonly log: Log;
  readonly now: () => number;
  /** Resolves when these ports have no open requests, or after `limitMs`. */
  readonly drain: (ports: readonly number[], limitMs: number) => Promise<void>;
}

const recordOf = (
  { id, history, stagingPort, restarting, lastHealthCheck }: Deployment,
  run: FormationState | undefined,
): RegistryRecord => ({
  id,
  name: history?.current.name ?? id,
  ...(history && { version: history.current.semantic, deployed_at: history.current.deployed_at }),
  process_id: run?.pid ?? 0,
  port: run?.port ?? 0,
  ports: [...(run?.ports ?? [])],
  status: restarting ? "starting" : (run?.status ?? "starting"),
  ...(stagingPort !== undefined && { staging_port: stagingPort, deploying: true }),
  config_path: run?.folder ?? "",
  ...(run?.startedAt !== undefined && { started_at: new Date(run.startedAt).toISOString() }),
  restart_count: run?.restartCount ?? 0,
  healthy: lastHealthCheck?.healthy ?? run?.status === "running",
  ...(lastHealthCheck && { last_health_check: new Date(lastHealthCheck.at).toISOString() }),
});

export const createReleases = (
  options: Omit<Releases, "locks" | "registry" | "deployments"> & { registryFile: string },
): Releases => {
  const deployments = new Map<string, Deployment>();
  const records = () =>
    [...deployments.values()].map((deployment) =>
      recordOf(deployment, options.supervisor.get(deployment.id)),
    );
  const registry = createRegistry(options.registryFile, records, options.now);
  return { ...options, locks: new Locks(), registry, deployments };
};

export const layoutFor = ({ settings }: Releases, id: string): Layout =>
  layoutOf(settings.formationsDirectory, id);

/** @throws Failure 404 */
export const requireDeployment = ({ deployments }: Releases, id: string): Deployment => {
  const deployment = deployments.get(id);
  if (!deployment) throw new Failure(404, "NotFound", `Formation '${id}' not found`);
  return deployment;
};

/** The formation with its releases on disk. */
export const requireHistory = async (
  releases: Releases,
  id: string,
): Promise<{ deployment: Deployment; history: History; layout: Layout }> => {
  const deployment = requireDeployment(releases, id);
  const layout = layoutFor(releases, id);
  const history = await readHistory(layout);
  if (!history) throw new Failure(404, "NotFound", `Formation '${id}' is not deployed yet`);
  return { deployment, history, layout };
};

export const specOf = (
  layout: Layout,
  { version, replicas }: { version: number; replicas: number },
  name: string = layout.id,
): FormationSpec => ({
  name,
  formationId: layout.id,
  folder: layout.release(version),
  draft: false,
  replicas,
});

/** Reports the wait for health as in docs/spec/server-api.md "Frames of a progress stream". */
export const watchStart = (
  { settings }: Releases,
  report: ReportProgress,
  watch: Pick<StartWatch, "signal" | "onSpawn">,
): StartWatch => {
  const stage = "health_check";
  const attempts = Math.max(1, Math.ceil(settings.healthTimeoutMs / settings.healthIntervalMs));
  let last = 0;
  return {
    ...watch,
    onAttempt(attempt) {
      if (attempt <= last) return;
      if (last === 0) report({ stage, message: "Waiting for the formation to become healthy" });
      last = attempt;
      report({
        stage,
        message: "Waiting for the formation to become healthy",
        attempt,
        max_attempts: attempts,
      });
    },
  };
};
