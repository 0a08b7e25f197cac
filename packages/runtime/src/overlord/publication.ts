import type { Logger } from "pino";
import type { RequestRepository } from "../store/index.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";

export interface PublicationDeps {
  formationId: string;
  requests: RequestRepository;
  runs: Runs;
  /** Names this process as the holder of leases. */
  leaseOwner: string;
  log: Logger;
}

/** How often, in milliseconds: what comes in between is one row of each request. */
const every = 250;

/** Shows the readers in other processes what the runs of this one say. */
export const startPublication = ({ formationId, requests, runs, leaseOwner, log }: PublicationDeps) => {
  const told = new WeakMap<Run, number>();
  let publishing: Promise<void> | undefined;

  const publish = async () => {
    const fresh = runs.stored().flatMap((run) => {
      const after = told.get(run) ?? 0;
      if (run.log.closed || run.log.lastSeq === after) return [];
      const part = { requestId: run.identity.requestId, ...run.log.partAfter(after) };
      return [{ run, part, lastSeq: run.log.lastSeq }];
    });
    if (fresh.length === 0) return;
    try {
      const parts = fresh.map(({ part }) => part);
      const isTold = await requests.publish(formationId, leaseOwner, parts);
      for (const [index, { run, lastSeq }] of fresh.entries()) if (isTold[index]) told.set(run, lastSeq);
    } catch (error) {
      log.warn({ err: error }, "what requests say could not be shown to other processes yet");
    }
  };

  const timer = setInterval(() => {
    publishing ??= publish().finally(() => {
      publishing = undefined;
    });
  }, every);

  return {
    async close() {
      clearInterval(timer);
      await publishing;
    },
  };
};
