import { setTimeout as sleep } from "node:timers/promises";
import type { ApiError, Usage } from "@muxi/protocol";
import type { Logger } from "pino";
import type { Outcome } from "../background/index.ts";
import type { Feed } from "../events/index.ts";
import type { Observe } from "../observability/index.ts";
import type {
  Lease,
  NewMessage,
  RequestKind,
  RequestRepository,
  SessionRepository,
  Statement,
} from "../store/index.ts";
import type { Answer } from "./agent-loop.ts";
import { awaitsAnswerFor } from "./clarification.ts";
import type { Prepared } from "./prepare.ts";
import { taken, unavailable } from "./reasons.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { persistently, storeAgainAfter, type Work } from "./work.ts";

export interface EndingDeps {
  formationId: string;
  requests: RequestRepository;
  sessions: SessionRepository;
  runs: Pick<Runs, "closed">;
  /** The lease under which this process works, from now on. */
  lease: () => Lease;
  /** What follows from the end of a request, in the transaction that ends it. */
  endings: (outcome: Outcome, kind: RequestKind) => Statement[];
  feed: Feed;
  observe: Observe;
  now: () => number;
  log: Logger;
}

/** How requests end: once and for all in the database, then for those who listen. */
export interface Endings {
  /** @throws ApiError `SERVICE_UNAVAILABLE` when the answer could not be stored or the request is another process's */
  complete(work: Work, prepared: Prepared, answer: Answer): Promise<void>;
  /** What the caller has seen of an answer that broke off stays in the conversation. */
  fail(work: Work, prepared: Prepared | undefined, failure: ApiError): Promise<void>;
}

const noUsage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

export const createEndings = (deps: EndingDeps): Endings => {
  const { formationId, requests, sessions, runs, feed, observe, now, log } = deps;

  const answerMessage = (run: Run, agentId: string, answer: Answer): NewMessage => ({
    role: "assistant",
    content: run.log.text,
    createdAt: now(),
    requestId: run.identity.requestId,
    agentId,
    metadata: { model: answer.model, finish_reason: answer.finishReason, usage: answer.usage },
  });

  const outcomeOf = ({ run, turn, isAsync, webhookUrl, startedAt }: Work) => ({
    requestId: run.identity.requestId,
    userId: turn.userId,
    webhookUrl,
    mode: isAsync || webhookUrl !== null ? ("async" as const) : ("sync" as const),
    startedAt,
    endedAt: now(),
  });

  const tell = (type: "completed" | "failed" | "cancelled", work: Work, data: Record<string, unknown>) => {
    const { requestId, sessionId, userId } = work.run.identity;
    feed.publish({ type: `chat.${type}`, message: `Request ${type}`, userId, sessionId, requestId });
    observe({
      event: `request.${type}`,
      level: type === "failed" ? "error" : "info",
      ...work.run.identity,
      data: { duration_ms: now() - work.startedAt, status: type, ...data },
    });
  };

  /** Whether a request has ended as this process says: the answer to its own write may have been lost. */
  const hasEndedSo = async (requestId: string, ended: string): Promise<boolean> =>
    (await requests.get(formationId, requestId))?.log === ended;

  return {
    async complete(work, { agent }, answer) {
      const { run, turn, owner } = work;
      const { requestId, sessionId } = run.identity;
      const { finishReason, usage, model, clarification } = answer;
      const done = {
        type: "done",
        session_id: sessionId,
        request_id: requestId,
        finish_reason: finishReason,
        model,
        agent_id: agent.id,
        usage,
        ...(clarification && {
          clarification: {
            ...clarification,
            request_id: requestId,
            round: (turn.questions ?? 0) + 1,
            expires_at: (now() + awaitsAnswerFor) / 1000,
          },
        }),
        finished: true,
      } as const;
      const outcome = outcomeOf(work);
      const ending = { error: null, log: run.log.serialize(done), now: outcome.endedAt };
      const store = () =>
        requests.finish(
          formationId,
          requestId,
          deps.lease().owner,
          { ...ending, status: clarification ? "awaiting_clarification" : "completed" },
          [
            sessions.answering(owner, sessionId, answerMessage(run, agent.id, answer)),
            ...deps.endings(
              clarification
                ? {
                    ...outcome,
                    status: "awaiting_clarification",
                    ...clarification,
                    originalMessage: turn.message,
                  }
                : { ...outcome, status: "completed", text: run.log.text },
              turn.kind ?? "chat",
            ),
          ],
        );
      const stored = await persistently(
        deps,
        work,
        async () => (await store()) || (await hasEndedSo(requestId, ending.log)),
      ).catch((error) => {
        throw unavailable("The answer", error);
      });
      if (!stored) throw taken;
      run.complete(done, outcome.endedAt);
      tell("completed", work, { usage, model, agent_id: agent.id });
    },

    async fail(work, prepared, failure) {
      const { run, turn, owner } = work;
      const { requestId, sessionId } = run.identity;
      const isCancelled = failure.code === "CANCELLED";
      const event = {
        type: "error",
        code: failure.code,
        message: failure.message,
        error: failure.message.slice(0, 200),
        ...(failure.retryAfter !== undefined && { retry_after: failure.retryAfter }),
        session_id: sessionId,
        request_id: requestId,
      } as const;
      const part: Answer | undefined = prepared && {
        model: prepared.model.id,
        finishReason: isCancelled ? "cancelled" : "other",
        usage: noUsage,
      };
      const store = () =>
        requests.finish(
          formationId,
          requestId,
          deps.lease().owner,
          {
            status: isCancelled ? "cancelled" : "failed",
            error: failure.message,
            log: run.log.serialize(event),
            now: now(),
          },
          [
            ...(part && prepared && run.log.text !== ""
              ? [sessions.answering(owner, sessionId, answerMessage(run, prepared.agent.id, part))]
              : []),
            ...(isCancelled && turn.kind !== "job"
              ? []
              : deps.endings(
                  { ...outcomeOf(work), status: "failed", error: { message: failure.message } },
                  turn.kind ?? "chat",
                )),
          ],
        );
      const stored = await store().catch((error) => {
        log.error({ err: error, ...run.identity }, "the end of a request could not be stored yet");
        return undefined;
      });
      run.fail(failure, event);
      tell(isCancelled ? "cancelled" : "failed", work, { code: failure.code });
      for (let done = stored; done === undefined && !runs.closed; ) {
        await sleep(storeAgainAfter, undefined, { ref: false });
        done = await store().catch(() => undefined);
      }
    },
  };
};
