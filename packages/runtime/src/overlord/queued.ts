import type { ApiError } from "@muxi/protocol";
import { EventLog } from "../events/index.ts";
import type { StoredRequest } from "../store/index.ts";
import { type ActiveRequest, beginRequest, persistently } from "./active-request.ts";
import type { Answering } from "./answering.ts";
import { type GivenPassage, givenStep } from "./given-passages.ts";
import type { Intake } from "./intake.ts";
import { agentStep } from "./journal.ts";
import type { OverlordParts } from "./parts.ts";
import { jobsStep, type PreparationParts, type Prepared, prepareTurn, type TurnSession } from "./prepare.ts";
import type { Run } from "./run.ts";
import { turnOf } from "./turn.ts";
import { draftStep, planStep, type WorkPlan, workPlanSchema } from "./work-plan.ts";

/** Handles requests of the queue. */
export interface Queued {
  /** Answers a request of the queue. */
  perform(request: StoredRequest): Promise<void>;
  /** Ends a request of the queue without an answer. */
  giveUp(request: StoredRequest, reason: ApiError): Promise<void>;
}

/** Tells followers to drop what they have read, since the answer begins again. */
const tellOfRestart = ({ identity, log }: Run, at: number) => {
  const ids = { session_id: identity.sessionId, request_id: identity.requestId };
  log.append({ type: "progress", ...ids, stage: "restarted", timestamp: at / 1000 });
  log.append({ type: "text", text: "", replace: true });
};

/** Milliseconds. */
const lookAgainAfter = 1_000;

const agentIn = (steps: ReadonlyMap<string, string> | undefined): string | undefined => {
  const id: unknown = JSON.parse(steps?.get(agentStep) ?? "null");
  return typeof id === "string" ? id : undefined;
};

const planIn = (steps: ReadonlyMap<string, string> | undefined): WorkPlan | undefined => {
  const plan = steps?.get(planStep);
  return plan === undefined ? undefined : workPlanSchema().parse(JSON.parse(plan));
};

const progressIn = (steps: ReadonlyMap<string, string> | undefined): TurnSession["progress"] => {
  if (!steps || steps.size === 0) return "none";
  return steps.has(draftStep(0)) ? "drafted" : "begun";
};

/** What the agent was given of its documents, if a step that followed is on disk. */
const givenIn = (steps: ReadonlyMap<string, string> | undefined): GivenPassage[] | undefined => {
  const stored = steps?.get(givenStep);
  // The same work stored it under this key.
  return stored === undefined ? undefined : (JSON.parse(stored) as GivenPassage[]);
};

export const createQueued = (
  parts: OverlordParts & PreparationParts,
  intake: Intake,
  answering: Answering,
): Queued => {
  const { formationId, store, runs, queue } = parts;
  const { now } = parts.clock;

  const begin = (
    stored: StoredRequest,
    log?: EventLog,
  ): Omit<ActiveRequest, "journal" | "told" | "usage" | "heard"> => {
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
      if (runs.get(requestId)) {
        // Its run here has ended on disk, but not yet for its listeners.
        await store.requests.release(formationId, requestId, queue.lease().owner, now() + lookAgainAfter);
        return;
      }
      const begun = begin(stored, new EventLog(attempts - 1));
      let active = beginRequest(parts, begun);
      let prepared: Prepared;
      try {
        if (attempts > 1) tellOfRestart(begun.run, now());
        begun.run.heed(stored.cancelAsked);
        prepared = await persistently(parts, begun, async () => {
          const goesOn = attempts > 1 || begun.turn.goesOn === true;
          const steps = goesOn ? await store.requests.steps(formationId, requestId) : undefined;
          if (steps) active = beginRequest(parts, begun, steps);
          const begunBy = agentIn(steps);
          const plan = planIn(steps);
          const { turns } = await store.sessions.stateFor(begun.owner, sessionId);
          const session = {
            sessionId,
            isNew: false,
            turns: turns - 1,
            until: requestId,
            begunBy,
            plan,
            progress: progressIn(steps),
            given: givenIn(steps),
            isOfJobs: steps && steps.size > 0 ? steps.has(jobsStep) : undefined,
          };
          const turnPrepared = await prepareTurn(parts, begun.turn, begun.owner, session);
          if (!goesOn && turnPrepared.learned.length > 0) await store.write(turnPrepared.learned);
          return turnPrepared;
        });
      } catch (error) {
        await answering.breakOff(active, undefined, error);
        answering.release(active);
        return;
      }
      await answering.answer(active, prepared);
    },

    async giveUp(stored, reason) {
      const active = beginRequest(parts, begin(stored));
      parts.telemetry.log.error(active.run.identity, reason.message);
      await answering.breakOff(active, undefined, reason);
      answering.release(active);
    },
  };
};
