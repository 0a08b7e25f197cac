import { setTimeout as sleep } from "node:timers/promises";
import { type ApiError, type Choices, type Citation, type Interrupt, newId } from "@muxi/protocol";
import { EventLog } from "../events/index.ts";
import { ModelError } from "../models/index.ts";
import type { NewMessage } from "../store/index.ts";
import { schemaOfChoices, withOptions } from "../tools/index.ts";
import { type ActiveRequest, persistently, storeAgainAfter } from "./active-request.ts";
import type { AgentAnswer } from "./agent-loop.ts";
import { awaitsAnswerFor, isQuestion } from "./clarification.ts";
import { askedStep } from "./journal.ts";
import type { OverlordParts } from "./parts.ts";
import type { Prepared } from "./prepare.ts";
import { interrupted, taken, unavailable } from "./reasons.ts";
import type { Run } from "./run.ts";
import { inputOf } from "./turn.ts";
import { observeQuestion } from "./work-events.ts";

/** An answer with the passages that it rests on. */
export interface CitedAnswer extends Omit<AgentAnswer, "given"> {
  citations: readonly Citation[];
}

/** Where answers tell of them; nothing where there are none. */
const metadataOf = ({ citations }: Pick<CitedAnswer, "citations">) =>
  citations.length === 0 ? {} : { metadata: { citations: [...citations] } };

/** What a question offers, with what its answer must look like. */
const offered = (choices: Choices | undefined) => choices && { choices, schema: schemaOfChoices(choices) };

/** Ends requests: first in the database, for good, then for their listeners. */
export interface Endings {
  /** @throws ApiError `SERVICE_UNAVAILABLE` when the answer could not be stored or the request is another process's */
  complete(active: ActiveRequest, prepared: Prepared, answer: CitedAnswer): Promise<void>;
  /** Keeps the part of an interrupted answer that the caller has seen in the conversation. */
  fail(active: ActiveRequest, prepared: Prepared | undefined, failure: ApiError): Promise<void>;
  /** Ends a request whose events even `fail` could not store: only the failure is kept. */
  cutOff(active: ActiveRequest, failure: ApiError): Promise<void>;
}

const errorEvent = ({ identity }: Run, { code, message, retryAfter }: ApiError) =>
  ({
    type: "error",
    code,
    message,
    error: message.slice(0, 200),
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
    session_id: identity.sessionId,
    request_id: identity.requestId,
  }) as const;

export const createEndings = (
  parts: Pick<
    OverlordParts,
    "formationId" | "settings" | "store" | "runs" | "queue" | "endings" | "telemetry" | "clock"
  >,
): Endings => {
  const { formationId, settings, runs, queue, endings } = parts;
  const { requests, sessions } = parts.store;
  const { feed, observe, tokens, log } = parts.telemetry;
  const { now } = parts.clock;

  /** What the request waits for, as callers see it. */
  const interruptOf = ({
    clarification,
    waitsFor,
  }: Pick<AgentAnswer, "clarification" | "waitsFor">): Interrupt | undefined => {
    if (waitsFor) {
      const { kind, prompt, tool, calls, plan, choices, schema } = waitsFor;
      const expires_at = (now() + settings.work.time) / 1000;
      return {
        id: newId("interrupt"),
        kind,
        prompt,
        ...offered(choices),
        ...(schema && { schema }),
        ...(tool && { tool }),
        ...(calls && { calls }),
        ...(plan && { plan }),
        expires_at,
      };
    }
    if (!clarification) return undefined;
    const { question, choices, credential } = clarification;
    return {
      id: newId("interrupt"),
      kind: credential === undefined ? "question" : "credential",
      prompt: question,
      ...offered(choices),
      expires_at: (now() + awaitsAnswerFor) / 1000,
    };
  };

  const answerMessage = (run: Run, agentId: string, answer: CitedAnswer): NewMessage => ({
    role: "assistant",
    content: run.log.text,
    createdAt: now(),
    requestId: run.identity.requestId,
    agentId,
    metadata: {
      model: answer.model,
      finish_reason: answer.finishReason,
      ...(run.signal.reason === interrupted && { interrupted: true }),
      usage: answer.usage,
      ...answer.work,
      ...metadataOf(answer).metadata,
    },
  });

  const outcomeOf = ({ run, turn, isAsync, webhookUrl, startedAt, usage }: ActiveRequest) => ({
    requestId: run.identity.requestId,
    userId: turn.userId,
    webhookUrl,
    mode: isAsync || webhookUrl !== null ? ("async" as const) : ("sync" as const),
    startedAt,
    endedAt: now(),
    usage,
  });

  /** Publishes an end. If that fails, the end still stands. */
  const tell = (
    type: "completed" | "failed" | "cancelled",
    { run: { identity }, turn, usage, startedAt }: ActiveRequest,
    prepared: Prepared | undefined,
    model: string | undefined,
    data: Record<string, unknown>,
  ) => {
    const { requestId, sessionId, userId } = identity;
    try {
      if (model !== undefined) tokens.add(model, usage);
      feed.publish({ type: `chat.${type}`, message: `Request ${type}`, userId, sessionId, requestId });
      observe({
        event: `request.${type}`,
        level: type === "failed" ? "error" : "info",
        ...identity,
        agentId: prepared?.agent.id,
        caller: turn.caller,
        questions: turn.questions,
        data: {
          duration_ms: now() - startedAt,
          status: type,
          ...data,
          ...(model !== undefined && { usage, model }),
        },
      });
    } catch (error) {
      log.error({ err: error, ...identity }, "the end of a request could not be told");
    }
  };

  /** Whether a request ended as this process wrote: the reply to its write may have been lost. */
  const hasEndedSo = async (requestId: string, ended: string): Promise<boolean> =>
    (await requests.get(formationId, requestId))?.log === ended;

  return {
    async complete(active, prepared, answer) {
      const { agent } = prepared;
      const { run, turn, owner } = active;
      const { requestId, sessionId } = run.identity;
      const { finishReason, usage, model, work, waitsFor } = answer;
      const interrupt = interruptOf(answer);
      const credential = answer.clarification?.credential;
      const done = {
        type: "done",
        session_id: sessionId,
        request_id: requestId,
        finish_reason: finishReason,
        model,
        agent_id: agent.id,
        usage,
        ...(interrupt && {
          clarification: {
            question: withOptions(interrupt.prompt, interrupt.choices),
            ...(credential !== undefined && { credential }),
            request_id: requestId,
            ...(isQuestion(interrupt) && { round: (turn.questions ?? 0) + 1 }),
            expires_at: interrupt.expires_at,
          },
          interrupt,
        }),
        ...(answer.object !== undefined && { object: answer.object }),
        ...(work && { workflow: work }),
        ...metadataOf(answer),
        finished: true,
      } as const;
      const outcome = outcomeOf(active);
      const ending = {
        error: null,
        log: run.log.serialize(done),
        now: outcome.endedAt,
        // What goes on in its journal counts all its tokens at its end.
        ...(!waitsFor && { spending: { agentId: agent.id, model, usage } }),
      };
      const store = () =>
        requests.finish(
          formationId,
          requestId,
          queue.lease().owner,
          interrupt
            ? { ...ending, status: "awaiting_clarification", until: Math.ceil(interrupt.expires_at * 1000) }
            : { ...ending, status: "completed" },
          [
            ...requests.join(owner, sessionId, requestId, [...active.heard]),
            // Calls that the caller makes may come without a word.
            ...(waitsFor?.kind === "client_tools" && run.log.text === ""
              ? []
              : [sessions.answering(owner, sessionId, answerMessage(run, agent.id, answer))]),
            ...endings(
              interrupt
                ? {
                    ...outcome,
                    status: "awaiting_clarification",
                    interrupt,
                    question: withOptions(interrupt.prompt, interrupt.choices),
                    originalMessage: turn.message,
                  }
                : {
                    ...outcome,
                    status: "completed",
                    text: run.log.text,
                    object: answer.object,
                    ...metadataOf(answer),
                  },
              turn.kind ?? "chat",
            ),
          ],
          waitsFor && {
            input: inputOf(turn),
            steps: new Map([...active.journal.pending(), askedStep(waitsFor.place)]),
          },
        );
      const stored = await persistently(
        parts,
        active,
        async () => (await store()) || (await hasEndedSo(requestId, ending.log)),
      ).catch((error) => {
        throw unavailable("The answer", error);
      });
      if (!stored) throw taken;
      run.complete(done, outcome.endedAt);
      if (interrupt) observeQuestion(observe, run.identity, agent.id, interrupt);
      // What goes on in its journal counts all its tokens at its end.
      tell("completed", active, prepared, waitsFor ? undefined : model, {});
    },

    async fail(active, prepared, failure) {
      const { run, turn, owner } = active;
      const { requestId, sessionId } = run.identity;
      const isCancelled = failure.code === "CANCELLED";
      const event = errorEvent(run, failure);
      const part: CitedAnswer | undefined = prepared && {
        citations: [],
        model: prepared.model.id,
        finishReason: isCancelled ? "cancelled" : "other",
        usage: active.usage,
      };
      const store = () =>
        requests.finish(
          formationId,
          requestId,
          queue.lease().owner,
          {
            status: isCancelled ? "cancelled" : "failed",
            error: failure.message,
            log: run.log.serialize(event),
            now: now(),
            spending: part && prepared && { ...part, agentId: prepared.agent.id },
          },
          [
            ...(part && prepared && run.log.text !== ""
              ? [sessions.answering(owner, sessionId, answerMessage(run, prepared.agent.id, part))]
              : []),
            ...(isCancelled && turn.kind !== "job"
              ? []
              : endings(
                  { ...outcomeOf(active), status: "failed", error: { message: failure.message } },
                  turn.kind ?? "chat",
                )),
          ],
        );
      const stored = await store().catch((error) => {
        log.error({ err: error, ...run.identity }, "the end of a request could not be stored yet");
        return undefined;
      });
      run.fail(failure, event);
      tell(isCancelled ? "cancelled" : "failed", active, prepared, part?.model, {
        code: failure.code,
        ...(failure.cause instanceof ModelError && { message: failure.cause.message }),
      });
      for (let done = stored; done === undefined && !runs.closed; ) {
        await sleep(storeAgainAfter, undefined, { ref: false });
        done = await store().catch(() => undefined);
      }
    },

    async cutOff(active, failure) {
      const { run } = active;
      const { requestId } = run.identity;
      const event = errorEvent(run, failure);
      const ending = { status: "failed", error: failure.message, now: now() } as const;
      await requests
        .finish(
          formationId,
          requestId,
          queue.lease().owner,
          { ...ending, log: new EventLog().serialize(event) },
          [],
        )
        // The lease worker finds the request without a run and ends it.
        .catch((error) => log.error({ err: error, ...run.identity }, "the end of a request is not stored"));
      run.fail(failure, event);
    },
  };
};
