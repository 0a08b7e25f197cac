import { memoryOf } from "../base/memory.ts";
import type { FormationsConfig } from "../config/index.ts";
import { processLogFiles, rotate } from "../logs/index.ts";
import type { FormationState } from "../processes/index.ts";
import type { Releases } from "../releases/index.ts";

export interface MonitorOptions {
  releases: Releases;
  formations: FormationsConfig;
  logsDirectory: string;
}

/** Periodically checks the health, memory and log sizes of what is running. */
export interface Monitor {
  start(): void;
  stop(): void;
}

const rotationIntervalMs = 10_000;

export const createMonitor = ({ releases, formations, logsDirectory }: MonitorOptions): Monitor => {
  const { supervisor, deployments, log, now } = releases;

  /**
   * The result is only recorded: slow responses are no reason to abort those in progress (docs/spec/server-api.md
   * "Supervision").
   */
  const checkHealth = async (formation: FormationState): Promise<void> => {
    const { formationId } = formation;
    const deployment = deployments.get(formationId);
    if (!deployment || formation.status !== "running") return;
    const healthy = await supervisor.probe(formationId, formations.monitorTimeoutMs);
    deployment.lastHealthCheck = { at: now(), healthy };
    if (!healthy) log.warn({ formation: formationId, port: formation.port }, "formation does not respond");
  };

  const checkMemory = async ({ name, formationId, pids }: FormationState): Promise<void> => {
    const limit = formations.memoryLimitOf(formationId);
    if (limit === undefined) return;
    for (const pid of pids) {
      const bytes = (await memoryOf(pid)) ?? 0;
      if (bytes <= limit) continue;
      log.error({ formation: formationId, pid, bytes, limit }, "formation is over its memory limit");
      await supervisor.kill(name, pid);
    }
  };

  const checkLogs = async (): Promise<void> => {
    if (!formations.rotation) return;
    for (const { name, formationId, draft } of supervisor.list()) {
      const { out, err } = processLogFiles(logsDirectory, draft ? name : formationId);
      await rotate(out, formations.rotation);
      await rotate(err, formations.rotation);
    }
  };

  const repeat = (work: () => Promise<unknown>, intervalMs: number): NodeJS.Timeout => {
    let busy = false;
    const turn = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      try {
        await work();
      } catch (error) {
        log.error({ err: error }, "could not check the formations");
      }
      busy = false;
    };
    return setInterval(() => void turn(), intervalMs).unref();
  };

  let timers: NodeJS.Timeout[] = [];
  return {
    start() {
      const check = () =>
        Promise.all(
          supervisor.list().map(async (formation) => {
            await checkHealth(formation);
            await checkMemory(formation);
          }),
        );
      timers = [repeat(check, formations.monitorIntervalMs), repeat(checkLogs, rotationIntervalMs)];
    },
    stop() {
      for (const timer of timers) clearInterval(timer);
    },
  };
};
