import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Logger } from "pino";
import { SchemaError } from "../database/index.ts";
import { isPassing } from "./errors.ts";

/**
 * Milliseconds after which no further attempt is begun: with a last one that waits for its connection in vain, less than
 * the 30 s that a server waits for a start.
 */
const patience = 15_000;
/** Before a further attempt. */
const pause = 500;

/**
 * Does what a start needs of the database, again and again while that cannot be used for a moment: it may be starting
 * itself, have no connection left, or have given up what a busy machine was too slow for (docs/spec/formation-files.md
 * "Manifest: memory").
 *
 * @throws The failure of the last attempt.
 */
export const startPatiently = async (work: () => Promise<void>, log: Pick<Logger, "warn">): Promise<void> => {
  const until = performance.now() + patience;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const mayRepeat = !(error instanceof SchemaError) && isPassing(error);
      if (!mayRepeat || performance.now() + pause >= until) throw error;
      log.warn({ reason: asError(error).message }, "the database cannot be used yet: it is tried again");
      await sleep(pause);
    }
  }
};
