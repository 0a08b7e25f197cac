import { createPlaces } from "@muxi/http";
import type { z } from "zod";
import { beginReading, type ReadingLimits, type ReadingOptions } from "./child.ts";
import type { ReaderTask, WritingTask } from "./tasks.ts";

/**
 * Tasks at once: more would take processors and memory from the formations. Downloads do not count, since they wait
 * for their clients.
 */
const mostTasks = 2;

const usualLimits: ReadingLimits = {
  understandingSeconds: 15,
  movingSeconds: 600,
  heapMegabytes: 512,
  memoryMegabytes: 768,
};

/** Reads, in processes of their own, what callers have sent (docs/spec/server-api.md "Limits of reading"). */
export interface Reader {
  /**
   * Runs a task when its turn comes.
   *
   * @param schema Of what it comes to.
   * @throws Failure when what was read is refused, 413 when it takes too much time or memory; the signal's reason.
   */
  run<Result>(
    task: Exclude<ReaderTask, WritingTask>,
    schema: z.ZodType<Result>,
    options?: ReadingOptions,
  ): Promise<Result>;
  /**
   * The bytes of an archive as they are made. Whoever stops reading ends the process.
   *
   * @throws Failure when there is nothing to archive.
   */
  archive(task: WritingTask): AsyncGenerator<Buffer, void, void>;
}

/** @param changed Limits other than the usual ones. */
export const createReader = (changed: Partial<ReadingLimits> = {}): Reader => {
  const limits = { ...usualLimits, ...changed };
  const places = createPlaces(mostTasks);
  return {
    run: (task, schema, options = {}) =>
      places.within(options.signal, async () =>
        schema.parse(await beginReading(task, limits, options).result),
      ),
    async *archive(task) {
      const { output, result, end } = beginReading(task, limits, {});
      // Looked at when the output has ended.
      result.catch(() => undefined);
      try {
        if (output) yield* output;
        await result;
      } finally {
        end();
      }
    },
  };
};
