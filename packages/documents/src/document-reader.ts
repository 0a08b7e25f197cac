import { once } from "node:events";
import { extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { ReadingLimits } from "./base/document.ts";
import type { Answer, DocumentTask, Reading, WorkerMessage } from "./document-worker.ts";

/** Lies beside this file, both as source and when built. */
const program = new URL(`./document-worker${extname(import.meta.url)}`, import.meta.url);

/** Longest time for the start of a thread, in milliseconds. */
const longestStart = 10_000;
/** The share of a thread's memory that V8 limits by itself: that of objects, without buffers. */
const heapShare = 2 / 3;
const youngMegabytes = 32;
const lookEvery = 50;
/** A thread that still holds more of its memory after a document gets no further one. */
const mostHeld = 1 / 3;

const megabyte = 2 ** 20;

const damaged: Reading = { failure: { code: "broken", reason: "it is damaged" } };
const tooLarge: Reading = { failure: { code: "too_large", reason: "reading it takes too much memory" } };

const tooSlow = (milliseconds: number): Reading => ({
  failure: { code: "too_slow", reason: `reading it takes longer than ${milliseconds / 1000} seconds` },
});

const isMemoryError = (error: Error): boolean => "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";

/** How often the time of a reading may pass while its thread waits for a processor. */
const patience = 5;

/** Milliseconds that a thread has spent on a processor; before Node 24.6, which cannot tell, those that have passed. */
const timeSpentBy = async (worker: Worker): Promise<number> => {
  if (!("cpuUsage" in worker)) return performance.now();
  const { user, system } = await worker.cpuUsage();
  return (user + system) / 1_000;
};

/** A document to read: its content, or the path of its file. */
export type DocumentSource = Pick<DocumentTask, "file" | "name" | "format">;

/** Reads documents one after the other, in a thread that is ended when one takes too much time or memory. */
export interface DocumentReader {
  /** The document, or why it is not read. */
  read(source: DocumentSource): Promise<Reading>;
  /** Ends the thread, with what it reads. */
  close(): Promise<void>;
}

/** What became of a reading: without the bytes that its thread holds, that thread is lost. */
type Outcome = Pick<Answer, "reading"> & Partial<Answer>;

/** Has a thread read a document. */
const readIn = async (worker: Worker, task: DocumentTask): Promise<Outcome> => {
  const { milliseconds, memory } = task.limits;
  const done = new AbortController();
  const { signal } = done;
  const begun = once(worker, "message", { signal });
  const answer = new Promise<Outcome>((resolve) => {
    const onMessage = (message: WorkerMessage) => {
      if (message !== "begun") resolve(message);
    };
    const onError = (error: Error) => resolve({ reading: isMemoryError(error) ? tooLarge : damaged });
    const onExit = () => resolve({ reading: damaged });
    worker.on("message", onMessage).once("error", onError).once("exit", onExit);
    signal.addEventListener("abort", () =>
      worker.off("message", onMessage).off("error", onError).off("exit", onExit),
    );
  });
  worker.postMessage(task);
  const watchTime = async () => {
    await Promise.race([begun, delay(longestStart, undefined, { signal })]);
    const spent = await timeSpentBy(worker);
    const now = performance.now();
    while (true) {
      await delay(lookEvery, undefined, { signal });
      const isOver = performance.now() - now > milliseconds * patience;
      if (isOver || (await timeSpentBy(worker)) - spent > milliseconds)
        return { reading: tooSlow(milliseconds) };
    }
  };
  const watchMemory = async () => {
    while (true) {
      await delay(lookEvery, undefined, { signal });
      const { used_heap_size, external_memory } = await worker.getHeapStatistics();
      if (used_heap_size + external_memory > memory) return { reading: tooLarge };
    }
  };
  // A watch that fails has lost its thread, of which the answer tells.
  const watches = [watchTime(), watchMemory()].map((watch) => watch.catch(() => answer));
  try {
    return await Promise.race([answer, ...watches]);
  } finally {
    done.abort();
  }
};

/** @param limits What each document may take. */
export const createDocumentReader = (limits: ReadingLimits): DocumentReader => {
  let worker: Worker | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const end = async (): Promise<void> => {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  };

  const start = (): Worker => {
    const started = new Worker(program, {
      resourceLimits: {
        maxOldGenerationSizeMb: Math.round((limits.memory * heapShare) / megabyte),
        maxYoungGenerationSizeMb: youngMegabytes,
      },
      stdout: true,
      stderr: true,
    });
    const forget = () => {
      if (worker === started) worker = undefined;
    };
    // An error is told by the reading that meets it; without one under way it only costs the thread.
    return started.on("error", forget).on("exit", forget);
  };

  const read = async (source: DocumentSource): Promise<Reading> => {
    if (isClosed) return damaged;
    worker ??= start();
    const { reading, held } = await readIn(worker, { ...source, limits });
    if (held === undefined || held > limits.memory * mostHeld || "failure" in reading) await end();
    return reading;
  };

  return {
    read(source) {
      const reading = turn.then(() => read(source));
      turn = reading.catch(() => undefined);
      return reading;
    },
    async close() {
      isClosed = true;
      await end();
    },
  };
};
