import { once } from "node:events";
import { extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { DocumentResult, DocumentTask, WorkerMessage } from "./document-worker.ts";

/** Lies beside this file, both as source and when built. */
const program = new URL(`./document-worker${extname(import.meta.url)}`, import.meta.url);

/** Longest time for one document, and before that for the start of its thread, in milliseconds. */
const longestRead = 2_000;
const longestStart = 10_000;
/** Most bytes of a thread's objects, and of these and its buffers together: the former V8 limits by itself. */
const mostHeapMegabytes = 256;
const mostMemory = 384 * 2 ** 20;
const lookEvery = 50;

const tooSlow: DocumentResult = { error: `reading it takes longer than ${longestRead / 1000} seconds` };
const tooLarge: DocumentResult = { error: "reading it takes too much memory" };

const isMemoryError = (error: Error): boolean => "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";

/**
 * Extracts the text of a document in a thread of its own, which is ended when it takes too much time or memory. The
 * error says what is wrong in words for the user.
 */
export const readDocument = async (task: DocumentTask): Promise<DocumentResult> => {
  const worker = new Worker(program, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: mostHeapMegabytes, maxYoungGenerationSizeMb: 32 },
    stdout: true,
    stderr: true,
  });
  const done = new AbortController();
  const { signal } = done;
  const begun = once(worker, "message", { signal });
  const answer = new Promise<DocumentResult>((resolve) => {
    worker.on("message", (message: WorkerMessage) => {
      if (message !== "begun") resolve(message);
    });
    worker.once("error", (error) => resolve(isMemoryError(error) ? tooLarge : { error: "it is damaged" }));
    worker.once("exit", () => resolve({ error: "it is damaged" }));
  });
  const watchTime = async (): Promise<DocumentResult> => {
    await Promise.race([begun, delay(longestStart, undefined, { signal })]);
    await delay(longestRead, undefined, { signal });
    return tooSlow;
  };
  const watchMemory = async (): Promise<DocumentResult> => {
    while (true) {
      await delay(lookEvery, undefined, { signal });
      const { used_heap_size, external_memory } = await worker.getHeapStatistics();
      if (used_heap_size + external_memory > mostMemory) return tooLarge;
    }
  };
  // A watch that fails has lost its thread, of which the answer tells.
  const watches = [watchTime(), watchMemory()].map((watch) => watch.catch(() => answer));
  try {
    return await Promise.race([answer, ...watches]);
  } finally {
    done.abort();
    await worker.terminate();
  }
};
