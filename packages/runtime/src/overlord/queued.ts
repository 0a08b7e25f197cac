import type { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { EventLog } from "../events/index.ts";
import type { RequestRepository, Statement, StoredRequest } from "../store/index.ts";
import { type Answering, agentStep } from "./answering.ts";
import type { Endings } from "./endings.ts";
import type { Intake } from "./intake.ts";
import { type PreparationDeps, type Prepared, prepareTurn } from "./prepare.ts";
import { cancelled } from "./reasons.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { turnOf } from "./turn.ts";
import { persistently, type Work, type WorkDeps, workFor } from "./work.ts";

export interface QueuedDeps extends PreparationDeps, Omit<WorkDeps, "requests" | "runs"> {
  requests: Pick<RequestRepository, "addSteps" | "steps">;
  runs: Runs;
  /** Writes statements in one transaction. */
  write: (statements: readonly Statement[]) => Promise<unknown>;
  log: Logger;
}

/** What becomes of the requests that wait in the queue. */
export interface Queued {
  /** Answers a request of the queue. */
  perform(request: StoredRequest): Promise<void>;
  /** Ends a request of the queue without an answer. */
  giveUp(request: StoredRequest, reason: ApiError): Promise<void>;
}

/** Whoever has followed the request so far drops what it said: it is said anew. */
const tellOfRestart = ({ identity, log }: Run, at: number) => {
  const ids = { session_id: identity.sessionId, request_id: identity.requestId };
  log.append({ type: "progress", ...ids, stage: "restarted", timestamp: at / 1000 });
  log.append({ type: "text", text: "", replace: true });
};

const agentIn = (steps: ReadonlyMap<string, string> | undefined): string | undefined => {
  const id: unknown = JSON.parse(steps?.get(agentStep) ?? "null");
  return typeof id === "string" ? id : undefined;
};

export const createQueued = (
  deps: QueuedDeps,
  intake: Intake,
  answering: Answering,
  endings: Endings,
): Queued => {
  const { formationId, requests, runs, now, log } = deps;

  const begin = (stored: StoredRequest, log?: EventLog): Omit<Work, "journal"> => {
    const { id: requestId, sessionId, userId, webhookUrl, startedAt } = stored;
    const turn = turnOf(stored);
    const run = runs.start({ requestId, sessionId, userId }, log);
    run.isStored = true;
    return {
      run,
      turn,
      owner: intake.ownerOf(turn),
      isAsync: true,
      webhookUrl,
      startedAt: startedAt ?? now(),
    };
  };

  return {
    async perform(stored) {
      const { id: requestId, sessionId, attempts } = stored;
      const begun = begin(stored, new EventLog(attempts - 1));
      if (attempts > 1) tellOfRestart(begun.run, now());
      if (stored.cancelAsked === 1) begun.run.stop(cancelled);
      let work = workFor(deps, begun);
      let prepared: Prepared;
      try {
        prepared = await persistently(deps, begun, async () => {
          const steps = attempts > 1 ? await requests.steps(formationId, requestId) : undefined;
          if (steps) work = workFor(deps, begun, steps);
          const begunBy = agentIn(steps);
          const session = { sessionId, isNew: false, until: requestId, begunBy };
          const turnPrepared = await prepareTurn(deps, begun.turn, begun.owner, session);
          if (attempts === 1 && turnPrepared.learned.length > 0) await deps.write(turnPrepared.learned);
          return turnPrepared;
        });
      } catch (error) {
        await answering.breakOff(work, undefined, error);
        answering.release(work);
        return;
      }
      await answering.answer(work, prepared);
    },

    async giveUp(stored, reason) {
      const work = workFor(deps, begin(stored));
      log.error(work.run.identity, reason.message);
      await endings.fail(work, undefined, reason);
      answering.release(work);
    },
  };
};
