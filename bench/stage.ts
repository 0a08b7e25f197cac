import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findPostgres, type PostgresServer, startPostgres } from "../test/postgres-server.ts";
import { once } from "./load/connection.ts";
import type { Subject } from "./load/measure.ts";
import type { Cores } from "./machine/cores.ts";
import { createQuietWait, type Spent, startMeter } from "./machine/meter.ts";
import { freePort, type Running, startProgram } from "./machine/programs.ts";
import { type Usage, usageOf } from "./machine/usage.ts";
import { flagsOf, type Ground, type Target } from "./targets.ts";

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

  const postgresFor = async (target: Target): Promise<PostgresServer | undefined> => {
    const programs = target.onPostgres ? findPostgres() : undefined;
    if (programs === undefined) return undefined;
    const { postgresSettings: settings = [] } = target;
    return startPostgres(programs, { settings, prefix: ["taskset", "-c", String(cores.server)] });
  };

  const runBeside = async (args: readonly string[], logFile: string): Promise<string> => {
    const program = { args: [...flagsOf("runtime"), "--conditions=muxi-source", ...args] };
    const code = await (await startProgram(program, cores.server, logFile)).exit;
    if (code !== 0) throw new Error(`${args.join(" ")} failed: see ${logFile}`);
    return readFileSync(logFile, "utf8");
  };

  return {
    async start(target, folderName) {
      const port = target.program ? await freePort() : modelPort;
      const postgres = await postgresFor(target);
      const ground: Ground = {
        folder: join(folder, folderName),
        port,
        modelPort,
        loadCore: cores.load,
        ...(postgres && { postgresUrl: postgres.url }),
      };
      mkdirSync(ground.folder);
      await quiet();
      const stopMeter = startMeter(cores, { server: () => usageOf(model.pid), modelPid: model.pid });
      const startedAt = performance.now();
      const running = await startUp(target, ground).catch((cause: unknown) => {
        throw new Error(
          `${target.name} cannot be measured: ${cause instanceof Error ? cause.message : cause}`,
        );
      });
      // The processes of a Postgres share their memory: a sum of theirs would tell nothing.
      const usage = (): Usage => {
        const { memoryMb, cpuMs } = usageOf(running.pid, target.alone);
        return { memoryMb, cpuMs: cpuMs + (postgres ? usageOf(postgres.pid).cpuMs : 0) };
      };
      return {
        subject: {
          port,
          pace:
            target.pacePath === undefined
              ? { port: modelPort, path: "/pace" }
              : { port, path: target.pacePath },
          request: (ask = {}) => target.chat(chats++, ask),
          job: (number, cron) => {
            if (!target.job) throw new Error(`${target.name} has no jobs`);
            return target.job(number, cron);
          },
          database: postgres?.url ?? join(ground.folder, "beside.db"),
          runBeside: (args) => runBeside(args, join(ground.folder, "beside.log")),
          quiet,
          startMeter: () => startMeter(cores, { server: usage, modelPid: model.pid }),
          memoryMb: () => usage().memoryMb,
        },
        startMs: performance.now() - startedAt,
        spent: stopMeter(),
        stop: async () => {
          if (running !== model) await running.stop();
          await postgres?.stop();
          rmSync(ground.folder, { recursive: true });
        },
      };
    },
    close: () => model.stop(),
  };
};
