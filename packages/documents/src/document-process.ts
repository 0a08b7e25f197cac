/**
 * A process that reads documents one after the other. A thread of it does the work, while this one looks at the time and
 * memory that are spent: also of buffers and WebAssembly, which no limit of a thread covers. Whatever a document does to it,
 * only this process ends.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Perception } from "./base/senses.ts";
import type { DocumentTask, Reading, ToWorker, WorkerMessage } from "./document-worker.ts";
import type { DocumentPassage } from "./passages/passages.ts";
import { damaged, tooLarge, tooSlow } from "./readings.ts";

/** What the process says: what has to be understood for the document, some passages, and what came of it. */
export type ProcessMessage = { asks: Perception } | { part: DocumentPassage[] } | Answer;

export interface Answer {
  reading: Reading;
  /** Whether the process ends now: it has met a limit, or still holds too much. */
  isLast: boolean;
}

/** Lies beside this file, both as source and when built. */
const program = new URL(`./document-worker${extname(import.meta.url)}`, import.meta.url);

/** Answers come first. */
const niceness = 5;
/** The system takes this process before any other when memory runs out. */
const firstToGo = 1000;
/** Longest time for the start of the thread, in milliseconds. */
const longestStart = 10_000;
/** The share of the memory that V8 limits by itself: that of objects, without buffers. */
const heapShare = 2 / 3;
const youngMegabytes = 32;
const lookEvery = 50;
/** A process that still holds more of its memory after a document gets no further one. */
const mostHeld = 1 / 2;
/** Milliseconds that a document may take longer for each picture or recording of it. */
const perPerception = 60_000;
/** How often the time of a reading may pass while it waits for a processor. */
const patience = 5;
const megabyte = 2 ** 20;

const isMemoryError = (error: Error): boolean => "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";

const start = ({ memory }: DocumentTask["limits"]): Worker =>
  new Worker(program, {
    resourceLimits: {
      maxOldGenerationSizeMb: Math.round((memory * heapShare) / megabyte),
      maxYoungGenerationSizeMb: youngMegabytes,
    },
  });

/** Milliseconds that this process has spent on processors. */
const timeSpent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** What a reading comes to that ends by itself, and what it comes to otherwise. */
type Outcome = { read: Reading } | { ended: Reading };

const tell = (worker: Worker, message: ToWorker): void => worker.postMessage(message);

const readIn = async (worker: Worker, task: DocumentTask): Promise<Outcome> => {
  const { milliseconds, memory } = task.limits;
  const done = new AbortController();
  const { signal } = done;
  const begun = once(worker, "message", { signal });
  let allowed = milliseconds;
  const answer = new Promise<Outcome>((resolve) => {
    const onMessage = (message: WorkerMessage) => {
      if (message === "begun") return;
      if (message !== "perceives" && "part" in message) {
        areWaiting = true;
        process.send?.(message);
        return;
      }
      const asks = message !== "perceives" && "asks" in message;
      if (asks) process.send?.(message);
      if (asks || message === "perceives") allowed += perPerception;
      else resolve({ read: message });
    };
    const onError = (error: Error) => resolve({ ended: isMemoryError(error) ? tooLarge : damaged });
    worker.on("message", onMessage).once("error", onError);
    signal.addEventListener("abort", () => worker.off("message", onMessage).off("error", onError));
  });
  const watchTime = async () => {
    await Promise.race([begun, delay(longestStart, undefined, { signal })]);
    const spent = timeSpent();
    let now = performance.now();
    while (true) {
      await delay(lookEvery, undefined, { signal });
      // That nobody takes its passages is not the document's fault.
      if (areWaiting) now += lookEvery;
      const isOver = performance.now() - now > allowed * patience;
      if (isOver || timeSpent() - spent > allowed) return { ended: tooSlow(allowed) };
    }
  };
  const watchMemory = async () => {
    while (process.memoryUsage.rss() <= memory) await delay(lookEvery, undefined, { signal });
    return { ended: tooLarge };
  };
  tell(worker, { task });
  // A watch that is called off leaves it to the answer.
  const watches = [watchTime(), watchMemory()].map((watch) => watch.catch(() => answer));
  try {
    return await Promise.race([answer, ...watches]);
  } finally {
    done.abort();
  }
};

let worker: Worker | undefined;
/** Whether passages that were read wait to be taken. */
let areWaiting = false;

process.on("message", async (message: ToWorker) => {
  if (message === "more") areWaiting = false;
  if (message === "more" || !("task" in message)) {
    if (worker) tell(worker, message);
    return;
  }
  const { task } = message;
  worker ??= start(task.limits);
  const outcome = await readIn(worker, task);
  const told: Answer =
    "ended" in outcome
      ? { reading: outcome.ended, isLast: true }
      : { reading: outcome.read, isLast: process.memoryUsage.rss() > task.limits.memory * mostHeld };
  process.send?.(told, undefined, undefined, () => {
    if (told.isLast) process.exit();
  });
});
// Without its formation nobody waits for the document.
process.once("disconnect", () => process.exit());
setPriority(niceness);
if (process.platform === "linux") {
  try {
    writeFileSync("/proc/self/oom_score_adj", String(firstToGo));
  } catch {
    // Where a container forbids it, the limits alone protect the others.
  }
}
