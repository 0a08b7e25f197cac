import { extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { ApiError } from "@muxi/protocol";
import type { DocumentResult, DocumentTask } from "./document-worker.ts";

/** Lies beside this file, both as source and when built. */
const program = new URL(`./document-worker${extname(import.meta.url)}`, import.meta.url);

/** Longest time for one document, in milliseconds. */
const longestRead = 20_000;
/** How much the process may grow meanwhile, in bytes: a thread's own limits cover its heap, but not its buffers. */
const mostMemory = 384 * 1024 * 1024;
const lookEvery = 50;
/** Most documents that wait for their turn. */
const mostWaiting = 32;

/**
 * Extracts the text of documents, one at a time, each in a thread that is stopped when it takes too much time or
 * memory.
 */
export type DocumentReader = (task: DocumentTask) => Promise<DocumentResult>;

const readInThread = async (task: DocumentTask): Promise<DocumentResult> => {
  const worker = new Worker(program, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 },
    stdout: true,
    stderr: true,
  });
  const done = new AbortController();
  const answer = new Promise<DocumentResult>((resolve) => {
    worker.once("message", resolve);
    worker.once("error", () => resolve({ error: "reading it took too much memory" }));
    worker.once("exit", () => resolve({ error: "reading it stopped unexpectedly" }));
  });
  const watch = async (): Promise<DocumentResult> => {
    const begun = performance.now();
    const before = process.memoryUsage.rss();
    while (true) {
      await delay(lookEvery, undefined, { signal: done.signal });
      if (performance.now() - begun > longestRead) return { error: "reading it took too long" };
      if (process.memoryUsage.rss() - before > mostMemory)
        return { error: "reading it took too much memory" };
    }
  };
  try {
    const watching = watch();
    watching.catch(() => {});
    return await Promise.race([answer, watching]);
  } finally {
    done.abort();
    await worker.terminate();
  }
};

export const createDocumentReader = (): DocumentReader => {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (task) => {
    if (waiting >= mostWaiting) {
      throw new ApiError(
        "SYSTEM_OVERLOAD",
        "Too many documents are waiting to be read: try again in a moment",
        {
          retryAfter: 5,
        },
      );
    }
    waiting += 1;
    const result = last.then(() => readInThread(task));
    last = result.catch(() => {});
    try {
      return await result;
    } finally {
      waiting -= 1;
    }
  };
};
