import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { once } from "./load/connection.ts";
import type { Subject } from "./load/measure.ts";
import type { Cores } from "./machine/cores.ts";
import { createQuietWait, type Spent, startMeter } from "./machine/meter.ts";
import { freePort, type Running, startProgram } from "./machine/programs.ts";
import { usageOf } from "./machine/usage.ts";
import type { Ground, Target } from "./targets.ts";

export interface StageOptions {
  cores: Cores;
  /** The program of the fake model. */
  modelFile: string;
  /** For the programs' data and output. */
  folder: string;
  /** Time that may go into waiting for a quiet machine, in milliseconds. */
  patienceMs: number;
}

/** A target that answers. */
export interface Started {
  subject: Subject;
  /** From the spawn to the first healthy answer, in milliseconds. */
  startMs: number;
  /** CPU time of the start. */
  spent: Spent;
  /** Also removes its folder. */
  stop(): Promise<void>;
}

export interface Stage {
  /**
   * Starts a target in a new folder.
   *
   * @throws Error with the place of its output when it does not become healthy.
   */
  start(target: Target, folderName: string): Promise<Started>;
  /** Stops the fake model. */
  close(): Promise<void>;
}

const startLimitMs = 30_000;

const untilHealthy = async (running: Running, port: number, path: string, logFile: string): Promise<void> => {
  const limit = performance.now() + startLimitMs;
  while (!running.ended && performance.now() < limit) {
    // Refused until it listens.
    const status = await once(port, { method: "GET", path }, 2_000).catch(() => 0);
    if (status === 200) return;
    await sleep(3);
  }
  throw new Error(`${running.ended ? "it ended by itself" : "it never became healthy"}: see ${logFile}`);
};

/** Starts the fake model that all targets are answered by. */
export const openStage = async ({ cores, modelFile, folder, patienceMs }: StageOptions): Promise<Stage> => {
  const quiet = createQuietWait(cores, patienceMs);
  const modelPort = await freePort();
  const modelLog = join(folder, "fake-model.log");
  const model = await startProgram({ args: [modelFile, String(modelPort)] }, cores.load, modelLog);
  await untilHealthy(model, modelPort, "/health", modelLog);
  let chats = 0;

  const startUp = async (target: Target, ground: Ground): Promise<Running> => {
    const program = await target.program?.(ground);
    if (!program) return model;
    const logFile = join(ground.folder, "output.log");
    const running = await startProgram(program, cores.server, logFile);
    await untilHealthy(running, ground.port, target.healthPath, logFile);
    const readyCall = target.readyCall?.(ground);
    if (readyCall) {
      const status = await once(ground.port, readyCall, startLimitMs);
      if (status !== 200) throw new Error(`${readyCall.path} answered ${status}: see ${logFile}`);
    }
    return running;
  };

  return {
    async start(target, folderName) {
      const port = target.program ? await freePort() : modelPort;
      const ground: Ground = { folder: join(folder, folderName), port, modelPort, loadCore: cores.load };
      mkdirSync(ground.folder);
      await quiet();
      const stopMeter = startMeter(cores, { server: () => usageOf(model.pid), modelPid: model.pid });
      const startedAt = performance.now();
      const running = await startUp(target, ground).catch((cause: unknown) => {
        throw new Error(
          `${target.name} cannot be measured: ${cause instanceof Error ? cause.message : cause}`,
        );
      });
      const usage = () => usageOf(running.pid, target.alone);
      return {
        subject: {
          port,
          pace:
            target.pacePath === undefined
              ? { port: modelPort, path: "/pace" }
              : { port, path: target.pacePath },
          request: (ask = {}) => target.chat(chats++, ask),
          quiet,
          startMeter: () => startMeter(cores, { server: usage, modelPid: model.pid }),
          memoryMb: () => usage().memoryMb,
        },
        startMs: performance.now() - startedAt,
        spent: stopMeter(),
        stop: async () => {
          if (running !== model) await running.stop();
          rmSync(ground.folder, { recursive: true });
        },
      };
    },
    close: () => model.stop(),
  };
};
