import { fork } from "node:child_process";
import { extname } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../base/failure.ts";
import { memoryOf } from "../base/memory.ts";
import { processorSecondsOf } from "../base/processor.ts";
import { isWriting, type ReaderTask, type ReportProgress, readerMessageSchema } from "./tasks.ts";

const isSource = extname(import.meta.url) === ".ts";
/** In a build it is beside the single file of the server. */
const program = new URL(isSource ? "../reader-program.ts" : "./reader-program.js", import.meta.url);

/** What a task may take. */
export interface ReadingLimits {
  /**
   * Of a processor, for understanding the files of a formation: a large one takes a second. On a machine that is busy a
   * process that gives way to others may wait for long.
   */
  understandingSeconds: number;
  /** For unpacking, copying and hashing, where what is read has a limit of its size; and for understanding with all waits. */
  movingSeconds: number;
  /** Of JavaScript's objects. */
  heapMegabytes: number;
  /** Of all that a process holds, buffers included. */
  memoryMegabytes: number;
}

const lookEveryMs = 100;
/** From SIGTERM to SIGKILL: one that is busy with what it reads does not hear the first. */
const graceMs = 500;

const excessive = (what: string): Failure =>
  new Failure(
    413,
    "PayloadTooLarge",
    `The formation takes more than ${what} to read. Make its files smaller, or fewer.`,
  );

/** How many seconds a step may take, and how many of a processor. */
interface StepLimit {
  seconds: number;
  processorSeconds: number;
}

const unlimited: StepLimit = {
  seconds: Number.POSITIVE_INFINITY,
  processorSeconds: Number.POSITIVE_INFINITY,
};

const limitOf = (limits: ReadingLimits, task: ReaderTask, stage?: string): StepLimit => {
  // A download takes as long as its client, and npm has a limit of its own.
  if (isWriting(task) || stage === "installing") return unlimited;
  const isUnderstanding = task.kind === "identify" || stage === "validating";
  const seconds = limits.movingSeconds;
  return { seconds, processorSeconds: isUnderstanding ? limits.understandingSeconds : seconds };
};

export interface ReadingOptions {
  report?: ReportProgress;
  /** Ends the process; its reason is thrown. */
  signal?: AbortSignal;
}

/** A task at work in its process. */
export interface Reading {
  /** What it came to; rejects with a Failure when what was read is refused, or takes too much time or memory. */
  result: Promise<unknown>;
  /** What it writes to standard output; null for tasks that write nothing. */
  output: Readable | null;
  /** Ends the process. */
  end(): void;
}

/** Begins a task in a process of its own (docs/spec/server-api.md "Limits of reading"). */
export const beginReading = (
  task: ReaderTask,
  limits: ReadingLimits,
  { report, signal }: ReadingOptions,
): Reading => {
  const { heapMegabytes, memoryMegabytes } = limits;
  const child = fork(program, {
    execArgv: [`--max-old-space-size=${heapMegabytes}`, ...(isSource ? ["--conditions=muxi-source"] : [])],
    stdio: ["ignore", isWriting(task) ? "pipe" : "ignore", "ignore", "ipc"],
  });
  /** What is thrown; undefined as long as nothing went wrong. */
  let fault: unknown;
  let outcome: { result: unknown } | undefined;
  let limit = limitOf(limits, task);
  let begunAt = performance.now();
  /** Seconds of processors that were used before the step; undefined until they are looked at. */
  let usedBefore: number | undefined;
  const ended = new AbortController();
  const end = (): void => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), graceMs).unref();
  };
  const fail = (error: unknown): void => {
    fault ??= error;
    end();
  };

  child.on("message", (sent) => {
    const { data } = readerMessageSchema().safeParse(sent);
    if (data?.type === "progress") {
      [limit, begunAt, usedBefore] = [
        limitOf(limits, task, data.progress.stage),
        performance.now(),
        undefined,
      ];
      report?.(data.progress);
    } else if (data?.type === "done") outcome = { result: data.result };
    else if (data?.type === "refused") fault ??= new Failure(data.status, data.failure, data.message);
    else fault ??= new Error(data?.message ?? "A process that reads files sent something unknown");
  });
  // Settled only once the process has ended: until then it may still write files.
  const result = new Promise<unknown>((resolve, reject) => {
    const settle = (otherwise: unknown): void => {
      ended.abort();
      signal?.removeEventListener("abort", cancel);
      if (fault !== undefined) reject(fault);
      else if (outcome) resolve(outcome.result);
      else reject(otherwise);
    };
    // Without a process, nothing else comes. Any other error is told once the process has ended.
    child.on("error", (error) => (child.pid === undefined ? settle(error) : fail(error)));
    // "exit" may come before what was said last.
    child.once("close", (code, by) => {
      // So V8 ends a process whose heap is full.
      const isFull = by === "SIGABRT" || code === 134;
      settle(
        isFull
          ? excessive(`${heapMegabytes} MB of memory`)
          : new Error(`A process that reads files ended (${by ?? code})`),
      );
    });
  });
  const watch = async (): Promise<void> => {
    while (true) {
      await delay(lookEveryMs, undefined, { signal: ended.signal });
      if (child.pid === undefined) continue;
      const bytes = (await memoryOf(child.pid)) ?? 0;
      const elapsed = (performance.now() - begunAt) / 1000;
      const used = await processorSecondsOf(child.pid);
      usedBefore ??= used;
      const { seconds, processorSeconds } = limit;
      if (elapsed > seconds) fail(excessive(`${seconds} s`));
      // Where nobody knows, what has passed counts.
      else if ((used === undefined ? elapsed : used - (usedBefore ?? 0)) > processorSeconds)
        fail(excessive(`${processorSeconds} s of a processor`));
      if (bytes > memoryMegabytes * 1024 * 1024) fail(excessive(`${memoryMegabytes} MB of memory`));
    }
  };
  watch().catch((error: unknown) => {
    if (!ended.signal.aborted) fail(error);
  });
  const cancel = (): void => fail(signal?.reason);
  if (signal?.aborted) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
  if (child.pid !== undefined) child.send(task, (error) => error && fail(error));
  return { result, output: child.stdout, end };
};
