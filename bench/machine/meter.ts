import { setTimeout as sleep } from "node:timers/promises";
import type { Cores } from "./cores.ts";
import { busyMs, type Usage, usageOf } from "./usage.ts";

/** CPU time of a measurement. */
export interface Spent {
  /** Of the server, in milliseconds. */
  serverMs: number;
  /** The rest in cores: 1 is one core all the time. */
  server: number;
  load: number;
  model: number;
  /** What anything else took of the two cores. With much of it latencies mean little. */
  foreign: number;
}

/**
 * Reads the clocks now; the function that it returns reads them again and gives what was spent in between.
 *
 * @param measured The fake model is its own server where nothing stands before it.
 */
export const startMeter = (
  cores: Cores,
  measured: { server: () => Usage; modelPid: number },
): (() => Spent) => {
  const read = () => {
    const self = process.cpuUsage();
    return {
      at: performance.now(),
      busy: busyMs([cores.server, cores.load]),
      server: measured.server().cpuMs,
      model: usageOf(measured.modelPid).cpuMs,
      load: (self.user + self.system) / 1000,
      // This process and all that it started.
      ours: usageOf(process.pid).cpuMs,
    };
  };
  const before = read();
  return () => {
    const after = read();
    const wall = after.at - before.at;
    const serverMs = after.server - before.server;
    const foreignMs = after.busy - before.busy - (after.ours - before.ours);
    return {
      serverMs,
      server: serverMs / wall,
      load: (after.load - before.load) / wall,
      model: (after.model - before.model) / wall,
      foreign: Math.max(0, foreignMs) / wall,
    };
  };
};

const lookMs = 250;
const calmLooks = 3;
/** Part of a look in which the two cores may work and still count as quiet. */
const calmPart = 0.12;

/**
 * Waits for the machine to be quiet before each measurement, but for the whole run never longer than `patienceMs`:
 * a busy machine still gets its figures, marked as such.
 */
export const createQuietWait = (cores: Cores, patienceMs: number): (() => Promise<void>) => {
  let left = patienceMs;
  return async () => {
    for (let calm = 0; calm < calmLooks && left > 0; left -= lookMs) {
      const before = busyMs([cores.server, cores.load]);
      await sleep(lookMs);
      const quiet = busyMs([cores.server, cores.load]) - before <= lookMs * calmPart;
      calm = quiet ? calm + 1 : 0;
    }
  };
};
