import type { Logger } from "pino";
import { createWorker, type Worker } from "../base/index.ts";
import type { MemoryRepository } from "../store/index.ts";
import { indexWordsOf } from "../text/index.ts";

/** Memories whose words are found anew in one transaction: other writes go on in between. */
const atOnce = 100;
const pauseAfterFailure = 30_000;

/** Finds the words of memories anew that an earlier version of the rules has found. It ends with the last of them. */
export const startReindexing = (
  formationId: string,
  memories: Pick<MemoryRepository, "withOldWords" | "reindex">,
  log: Logger,
): Worker => {
  const worker = createWorker({
    what: "indexing memories anew",
    async look(signal) {
      for (let done = 0; !signal.aborted; ) {
        const old = await memories.withOldWords(formationId, atOnce);
        if (old.length === 0) {
          if (done > 0) log.info({ memories: done }, "memories were indexed anew");
          return undefined;
        }
        await memories.reindex(old.map((memory) => ({ ...memory, words: indexWordsOf(memory.content) })));
        done += old.length;
      }
      return undefined;
    },
    pauseAfterFailure,
    log,
  });
  worker.wake();
  return worker;
};
