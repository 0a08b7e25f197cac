import { Failure } from "../base/failure.ts";
import type { BundleLimits } from "../bundles/index.ts";
import type { Log } from "../logs/index.ts";
import type { FormationSpec, FormationState, StartWatch, Supervisor } from "../processes/index.ts";
import { type History, readHistory } from "./history.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { Locks } from "./locks.ts";
import { createRegistry, type Registry, type RegistryRecord } from "./registry.ts";

/** A formation that is deployed, beyond its processes. */
export interface Deployment {
  id: string;
  /** Undefined until its first release is healthy. */
  history: History | undefined;
  /** Of the process that an update tries out. */
  stagingPort?: number | undefined;
  /** It is stopped only to be started: a server that is killed meanwhile is to start it again. */
  restarting?: boolean;
  lastHealthCheck?: { at: number; healthy: boolean };
}

/** A step of an operation (docs/spec/server-api.md "Frames of a progress stream"). */
export interface Progress {
  stage: string;
  message: string;
  [field: string]: unknown;
}

export type ReportProgress = (progress: Progress) => void;

export interface ReleaseSettings {
  serverId: string;
  dataDirectory: string;
  formationsDirectory: string;
  temporaryDirectory: string;
  maxFormations: number;
  bundle: BundleLimits;
  /** How long answers at work may go on when their process is to end. */
  drainMs: number;
  healthTimeoutMs: number;
  healthIntervalMs: number;
  forceKillTimeoutMs: number;
}

/** What the operations on deployed formations work with. */
export interface Releases {
  readonly settings: ReleaseSettings;
  readonly supervisor: Supervisor;
  readonly locks: Locks;
  readonly registry: Registry;
  readonly deployments: Map<string, Deployment>;
  readonly log: Log;
  readonly now: () => number;
  /** Resolves when no request is under way to these ports, at the latest after `limitMs`. */
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

/** The formation with the releases that are on disk. */
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

/** Tells of the wait for health as docs/spec/server-api.md "Frames of a progress stream" has it. */
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
      if (last === 0) report({ stage, message: "Waiting for the formation to answer" });
      last = attempt;
      report({ stage, message: "Waiting for the formation to answer", attempt, max_attempts: attempts });
    },
  };
};
