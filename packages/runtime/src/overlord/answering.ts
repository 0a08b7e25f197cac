import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type Citation, type Usage } from "@muxi/protocol";
import { ModelError, sumOfUsage } from "../models/index.ts";
import type { RequestKind } from "../store/index.ts";
import { WaitsForUser } from "../tools/index.ts";
import type { ActiveRequest } from "./active-request.ts";
import { type AgentAnswer, answerWith, type BegunRound } from "./agent-loop.ts";
import { citationsOf } from "./citations.ts";
import type { Endings } from "./endings.ts";
import { asApiError } from "./failures.ts";
import { isStrict, shaped } from "./format.ts";
import { type GivenPassage, givenStep } from "./given-passages.ts";
import { agentStep } from "./journal.ts";
import type { OverlordParts } from "./parts.ts";
import { createPlanning, type Planned, rejectedOutcome, rejectedSection } from "./planning.ts";
import { jobsStep, type PreparationParts, type Prepared, type PreparedWork } from "./prepare.ts";
import type { PromptSection } from "./prompt.ts";
import { handOver, taken } from "./reasons.ts";
import type { Run } from "./run.ts";
import { shownIn } from "./shown.ts";
import { createSteering } from "./steering.ts";
import { fitted } from "./structured.ts";
import { isLearnedFrom } from "./turn.ts";
import { createWork } from "./work.ts";

/** Called once an end is on disk, together with its webhook if there is one. */
export type EndListener = (kind: RequestKind, hasWebhook: boolean) => void;

/** How a request that is stored gets its answer. */
export interface Answering {
  /**
   * Asks the agent's model, makes its tool calls and ends the request, whether or not anybody still listens. Whatever
   * fails on the way ends the request: this never rejects.
   *
   * @param begun The first round, if its model call has begun.
   */
  answer(active: ActiveRequest, prepared: Prepared, begun?: BegunRound): Promise<void>;
  /** Ends a request whose work failed, or leaves it to another process. Never rejects. */
  breakOff(active: ActiveRequest, prepared: Prepared | undefined, error: unknown): Promise<void>;
  /** Must be called once this process is done with a request. */
  release(active: ActiveRequest): void;
}

/**
 * Waits before a background request asks an unreachable model again, in milliseconds
 * (docs/spec/formation-api.md "Accepting work").
 */
const unreachableModelWaits = [2_000, 10_000, 30_000];

export const createAnswering = (
  parts: OverlordParts & Pick<PreparationParts, "planner">,
  endings: Endings,
  onEnded: (sessionId: string, ...end: Parameters<EndListener>) => void,
): Answering => {
  const { formationId, settings, store, memory, runs, queue } = parts;
  const { feed, observe, log } = parts.telemetry;
  const { now, answerTime } = parts.clock;
  const work = createWork(parts);
  const planning = createPlanning(parts);
  const steering = createSteering(parts);

  const announce = ({ run, turn, startedAt }: ActiveRequest, { agent, startingServers }: Prepared) => {
    const { requestId, sessionId, userId } = run.identity;
    run.log.append({
      type: "progress",
      session_id: sessionId,
      request_id: requestId,
      user_id: userId,
      stage: "agent_selected",
      agent_id: agent.id,
      timestamp: startedAt / 1000,
    });
    if (startingServers.length > 0) {
      run.log.append({
        type: "progress",
        session_id: sessionId,
        request_id: requestId,
        user_id: userId,
        stage: "tools_missing",
        content: `Answered without the tools of ${startingServers.join(", ")}, which are still starting`,
        agent_id: agent.id,
        timestamp: now() / 1000,
      });
    }
    feed.publish({ type: "chat.started", message: "Request begun", userId, sessionId, requestId });
    feed.publish({ type: "agent.selected", message: `Agent ${agent.id}`, userId, sessionId, requestId });
    observe({
      event: "request.processing",
      level: "debug",
      ...run.identity,
      agentId: agent.id,
      caller: turn.caller,
    });
  };

  const tellOfLimit = ({ run }: ActiveRequest, { agent }: Prepared, limit: string) => {
    const { requestId, sessionId, userId } = run.identity;
    run.log.append({
      type: "progress",
      session_id: sessionId,
      request_id: requestId,
      user_id: userId,
      stage: "limit_reached",
      content: `The limit of ${limit} is reached: the answer may lack something`,
      agent_id: agent.id,
      timestamp: now() / 1000,
    });
  };

  /** Tells of the passages that an answer rests on. */
  const cite = ({ run, turn }: ActiveRequest, { citing }: Prepared, { given }: AgentAnswer): Citation[] => {
    const answered = { text: run.log.text, question: turn.message, given, mode: citing };
    const citations = citationsOf(answered, settings.agents);
    for (const citation of citations) run.log.append({ type: "citation", ...citation });
    return citations;
  };

  /** Asks the model. In the background, an unreachable one is asked again later. */
  const askPatiently = async (
    active: ActiveRequest,
    prepared: Prepared,
    begun?: BegunRound,
  ): Promise<AgentAnswer> => {
    const { run, journal } = active;
    const { signal } = run;
    const { form, model } = prepared;
    const before = active.usage;
    for (let attempt = 0; ; attempt++) {
      const log = shownIn(run.log, { progress: settings.progress, form });
      try {
        const answer = await answerWith({
          ...prepared,
          run: { signal, log },
          windows: parts.windows,
          journal,
          told: active.told,
          hear: (round) => steering(active, prepared, round),
          onUsage: (usage) => {
            active.usage = sumOfUsage(before, usage);
          },
          ...(attempt === 0 && begun && { begun }),
        });
        if (answer.limitReached && settings.progress) tellOfLimit(active, prepared, answer.limitReached);
        if (log === run.log || !isStrict(form.format)) return { ...answer, usage: active.usage };
        const options = {
          signal,
          onUsage: (usage: Usage) => {
            active.usage = sumOfUsage(active.usage, usage);
          },
        };
        if (answer.clarification) {
          run.log.appendText([log.text]);
        } else if (form.schema) {
          const { text, object, isRepaired } = await fitted(form.schema, log.text, model, options);
          if (isRepaired) run.log.append({ type: "object", delta: text, replace: true });
          run.log.appendText([text]);
          return { ...answer, object, usage: active.usage };
        } else {
          run.log.appendText([await shaped(form.format, log.text, model, options)]);
        }
        return { ...answer, usage: active.usage };
      } catch (error) {
        const pause = unreachableModelWaits[attempt];
        const again = active.isAsync && error instanceof ModelError && error.transient && run.log.text === "";
        if (!again || pause === undefined || run.signal.aborted) throw error;
        await sleep(Math.max(pause, (error.retryAfter ?? 0) * 1000), undefined, { signal: run.signal }).catch(
          () => {},
        );
      }
    }
  };

  /** The answer of a request that waits for its user. */
  const waitingFor =
    (active: ActiveRequest, { model }: Prepared) =>
    (error: unknown): AgentAnswer => {
      if (!(error instanceof WaitsForUser)) throw error;
      const { asked } = error;
      const { run, usage } = active;
      // What the caller is to call is nothing that the agent says.
      if (asked.kind === "client_tools")
        return { model: model.id, finishReason: "tool_calls", usage, given: [], waitsFor: asked };
      run.log.appendText([run.log.text === "" ? asked.prompt : `\n\n${asked.prompt}`]);
      return { model: model.id, finishReason: "stop", usage, given: [], waitsFor: asked };
    };

  const answerFrom =
    (active: ActiveRequest, prepared: Prepared, { requestWith }: PreparedWork) =>
    (sections: readonly PromptSection[], given: readonly GivenPassage[]) =>
      askPatiently(active, { ...prepared, tools: [], request: requestWith(sections), given });

  /** What is done of a request: it may be taken apart first. */
  const planned = async (active: ActiveRequest, prepared: Prepared): Promise<Planned> => {
    if (!prepared.work) return "plain";
    const { plan, isPlanned } = prepared.work;
    return plan && !isPlanned ? { plan } : planning(active, prepared, prepared.work);
  };

  const answerOf = async (
    active: ActiveRequest,
    prepared: Prepared,
    what: Planned,
    begun?: BegunRound,
  ): Promise<AgentAnswer> => {
    if (what === "plain" || !prepared.work)
      return askPatiently(active, prepared, begun).catch(waitingFor(active, prepared));
    if ("answer" in what) return what.answer;
    const writeFrom = answerFrom(active, prepared, prepared.work);
    if ("plan" in what) return work(active, prepared, what.plan, writeFrom);
    const answer = await writeFrom([rejectedSection(what)], prepared.given);
    return { ...answer, work: rejectedOutcome(what.rejected) };
  };

  /** Leaves a request to the process that claims it next. */
  const handBack = async ({ run }: ActiveRequest): Promise<void> => {
    await store.requests
      .release(formationId, run.identity.requestId, queue.lease().owner, now())
      // Another process takes it over once the lease is no longer renewed.
      .catch((error) => log.warn({ err: error, ...run.identity }, "a request could not be handed over"));
    run.leave(handOver);
  };

  const failureOf = (error: unknown, { identity }: Run): ApiError => {
    const failure = asApiError(error, identity.requestId);
    if (failure.cause === undefined) return failure;
    // What passes by itself, or with another message, needs nobody's attention.
    const passes = failure === error || (error instanceof ModelError && error.code !== "LLM_NOT_CONFIGURED");
    log[passes ? "warn" : "error"]({ err: error, ...identity }, "request failed");
    return failure;
  };

  const breakOff: Answering["breakOff"] = async (active, prepared, error) => {
    const { run } = active;
    try {
      if (run.signal.reason === taken || error === taken) run.leave(taken);
      else if (run.signal.reason === handOver && active.isAsync) await handBack(active);
      else await endings.fail(active, prepared, failureOf(error, run));
    } catch (failed) {
      log.error({ err: failed, ...run.identity }, "the end of a request failed: it ends without its answer");
      await endings.cutOff(active, asApiError(error, run.identity.requestId));
    }
  };

  /** Does what follows the end of a request, which stands whether or not that fails. */
  const afterwards = ({ run }: ActiveRequest, follow: () => void) => {
    try {
      follow();
    } catch (error) {
      log.error({ err: error, ...run.identity }, "what follows the end of a request failed");
    }
  };

  const release: Answering["release"] = (active) => {
    const { run, turn, webhookUrl } = active;
    runs.finish(run);
    afterwards(active, () => onEnded(run.identity.sessionId, turn.kind ?? "chat", webhookUrl !== null));
  };

  return {
    async answer(active, prepared, begun) {
      const { run } = active;
      let timer: NodeJS.Timeout | undefined;
      /** Stops what takes longer than so many milliseconds. */
      const limitTo = (time: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          const seconds = time / 1000;
          run.stop(new ApiError("LLM_TIMEOUT", `The answer took longer than ${seconds} s and was stopped`));
        }, time);
      };
      limitTo(answerTime);
      try {
        announce(active, prepared);
        const { agent, given, isOfJobs } = prepared;
        if (isOfJobs) await active.journal.step(jobsStep, async () => true);
        if (settings.agents.length > 1) await active.journal.step(agentStep, async () => agent.id);
        if (given.length > 0) await active.journal.step(givenStep, async () => given);
        const what = await planned(active, prepared);
        if (what !== "plain") limitTo(settings.work.time);
        const answer = await answerOf(active, prepared, what, begun);
        const citations = cite(active, prepared, answer);
        await endings.complete(active, prepared, { ...answer, citations });
      } catch (error) {
        await breakOff(active, prepared, error);
      } finally {
        clearTimeout(timer);
        const { owner, turn } = active;
        const { sessionId } = run.identity;
        afterwards(active, () =>
          memory.ended({ owner, sessionId, message: turn.message, learns: isLearnedFrom(turn) }),
        );
        release(active);
      }
    },
    breakOff,
    release,
  };
};
