import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import type { Feed } from "../events/index.ts";
import type { Memory } from "../memory/index.ts";
import { ModelError } from "../models/index.ts";
import type { Observe } from "../observability/index.ts";
import type { Lease, RequestKind, RequestRepository } from "../store/index.ts";
import { type Answer, answerWith, type BegunRound, type ToolLimits } from "./agent-loop.ts";
import type { Endings } from "./endings.ts";
import { isStrict, shaped } from "./format.ts";
import type { Prepared } from "./prepare.ts";
import { handOver, taken } from "./reasons.ts";
import type { Agents } from "./routing.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import { shownIn } from "./shown.ts";
import type { Work } from "./work.ts";

export interface AnsweringDeps {
  formationId: string;
  requests: Pick<RequestRepository, "giveBack">;
  runs: Pick<Runs, "finish">;
  memory: Pick<Memory, "learn">;
  /** The lease under which this process works, from now on. */
  lease: () => Lease;
  agents: Agents;
  toolLimits: ToolLimits;
  /** Whether callers see what is done beside the answer (contract/formation.md 6.5). */
  progress: boolean;
  /** Milliseconds after which an answer is stopped that has not come to its end. */
  answerTime: number;
  /** Called once an end is on disk, and with it, where one was asked for, a webhook that tells of it. */
  onEnded: (kind: RequestKind, hasWebhook: boolean) => void;
  feed: Feed;
  observe: Observe;
  now: () => number;
  log: Logger;
}

/** How a request that is stored gets its answer. */
export interface Answering {
  /**
   * Asks the agent's model, makes its calls and ends the request, whether or not anybody still listens.
   *
   * @param begun The first round, where the model was asked already.
   */
  answer(work: Work, prepared: Prepared, begun?: BegunRound): Promise<void>;
  /** Ends or leaves a request whose work broke off. */
  breakOff(work: Work, prepared: Prepared | undefined, error: unknown): Promise<void>;
  /** To be called once a request is at its end here. */
  release(work: Work): void;
}

/** Step of a request's journal that says which agent answers: chosen anew it may be another one. */
export const agentStep = "round:agent";
/** Pauses before a request in the background asks a model again that was not there, in milliseconds. */
const patience = [2_000, 10_000, 30_000];

export const createAnswering = (deps: AnsweringDeps, endings: Endings): Answering => {
  const { runs, feed, observe, now, log } = deps;

  const announce = ({ run, startedAt }: Work, { agent }: Prepared) => {
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
    feed.publish({ type: "chat.started", message: "Request begun", userId, sessionId, requestId });
    feed.publish({ type: "agent.selected", message: `Agent ${agent.id}`, userId, sessionId, requestId });
    observe({ event: "request.processing", level: "debug", ...run.identity, agentId: agent.id });
  };

  /** Asks the model; one that is not there is asked again later where nobody waits for the answer. */
  const askPatiently = async (work: Work, prepared: Prepared, begun?: BegunRound): Promise<Answer> => {
    const { run, journal } = work;
    const { signal } = run;
    const { format, model } = prepared;
    for (let attempt = 0; ; attempt++) {
      const log = shownIn(run.log, { progress: deps.progress, format });
      try {
        const answer = await answerWith({
          ...prepared,
          run: { signal, log },
          limits: deps.toolLimits,
          journal,
          now,
          ...(attempt === 0 && begun && { begun }),
        });
        if (log !== run.log && isStrict(format)) {
          run.log.appendText([
            answer.clarification ? log.text : await shaped(format, log.text, model, signal),
          ]);
        }
        return answer;
      } catch (error) {
        const pause = patience[attempt];
        const again = work.isAsync && error instanceof ModelError && error.transient && run.log.text === "";
        if (!again || pause === undefined || run.signal.aborted) throw error;
        await sleep(Math.max(pause, (error.retryAfter ?? 0) * 1000), undefined, { signal: run.signal }).catch(
          () => {},
        );
      }
    }
  };

  /** Leaves a request to whoever takes it next. */
  const handBack = async ({ run }: Work): Promise<void> => {
    await deps.requests
      .giveBack(deps.formationId, run.identity.requestId, deps.lease().owner, now())
      // Then it is taken over once this process shows no life any more.
      .catch((error) => log.warn({ err: error, ...run.identity }, "a request could not be handed over"));
    run.leave(handOver);
  };

  const asApiError = (error: unknown, run: Run): ApiError => {
    if (error instanceof ApiError) {
      if (error.cause !== undefined) log.warn({ err: error, ...run.identity }, "request failed");
      return error;
    }
    log.error({ err: error, ...run.identity }, "request failed");
    return new ApiError(
      "INTERNAL_ERROR",
      `The request failed inside the server: its log has the reason under '${run.identity.requestId}'`,
    );
  };

  const breakOff: Answering["breakOff"] = async (work, prepared, error) => {
    const { run } = work;
    if (run.signal.reason === taken || error === taken) run.leave(taken);
    else if (run.signal.reason === handOver && work.isAsync) await handBack(work);
    else await endings.fail(work, prepared, asApiError(error, run));
  };

  const release: Answering["release"] = ({ run, turn, webhookUrl }) => {
    runs.finish(run);
    deps.onEnded(turn.kind ?? "chat", webhookUrl !== null);
  };

  return {
    async answer(work, prepared, begun) {
      const { run } = work;
      announce(work, prepared);
      const timer = setTimeout(
        () =>
          run.stop(
            new ApiError(
              "LLM_TIMEOUT",
              `The answer took longer than ${deps.answerTime / 1000} s and was stopped`,
            ),
          ),
        deps.answerTime,
      );
      try {
        if (deps.agents.length > 1) await work.journal.step(agentStep, async () => prepared.agent.id);
        await endings.complete(work, prepared, await askPatiently(work, prepared, begun));
      } catch (error) {
        await breakOff(work, prepared, error);
      } finally {
        clearTimeout(timer);
        deps.memory.learn(run.identity.requestId);
        release(work);
      }
    },
    breakOff,
    release,
  };
};
