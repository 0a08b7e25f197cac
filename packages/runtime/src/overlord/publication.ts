import type { Logger } from "pino";
import type { RequestRepository } from "../store/index.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";

export interface PublicationDeps {
  formationId: string;
  requests: RequestRepository;
  runs: Runs;
  /** This process's name as the holder of leases. */
  leaseOwner: string;
  log: Logger;
}

/** Interval in milliseconds, and the characters that are published before it is over. Each time one row is written. */
const every = 250;
const mostCharacters = 4_096;

/** Publishes the events of this process's runs for readers in other processes. */
export const startPublication = ({ formationId, requests, runs, leaseOwner, log }: PublicationDeps) => {
  /** Id of the last published event of a run, and the length of the text up to it. */
  const told = new WeakMap<Run, { seq: number; length: number }>();
  let publishing: Promise<void> | undefined;

  const isFull = (run: Run) => run.log.length - (told.get(run)?.length ?? 0) >= mostCharacters;

  const publish = async (chosen: readonly Run[]) => {
    const fresh = chosen.flatMap((run) => {
      const after = told.get(run)?.seq ?? 0;
      const { closed, lastSeq: seq, length } = run.log;
      if (closed || seq === after) return [];
      const part = { requestId: run.identity.requestId, ...run.log.partAfter(after) };
      return [{ run, part, seq, length }];
    });
    if (fresh.length === 0) return;
    try {
      const parts = fresh.map(({ part }) => part);
      const isTold = await requests.publish(formationId, leaseOwner, parts);
      for (const [index, { run, seq, length }] of fresh.entries()) {
        if (!isTold[index]) continue;
        told.set(run, { seq, length });
        watch(run);
      }
    } catch (error) {
      log.warn({ err: error }, "events of requests could not be published for other processes yet");
    }
  };

  const begin = (chosen: readonly Run[]): Promise<void> => {
    publishing = publish(chosen).finally(() => {
      publishing = undefined;
    });
    return publishing;
  };

  /** Publishes runs with many new characters, once the batch under way is written. */
  const publishFull = async () => {
    await publishing;
    const full = runs.stored().filter(isFull);
    if (publishing === undefined && full.length > 0) await begin(full);
  };

  const watch = (run: Run) => {
    if (isFull(run)) void publishFull();
    else run.log.whenLong((told.get(run)?.length ?? 0) + mostCharacters, () => void publishFull());
  };

  const timer = setInterval(() => {
    if (publishing === undefined) void begin(runs.stored());
  }, every);

  runs.onStart(watch);

  return {
    async close() {
      clearInterval(timer);
      await publishing;
    },
  };
};
