import type { AgentDefinition } from "@muxi/formation";
import { ApiError, newId, type Usage } from "@muxi/protocol";
import type { Logger } from "pino";
import type { Memory } from "../memory/index.ts";
import type { Model, ModelDelta, ModelRequest } from "../models/index.ts";
import type { Owner, SessionRepository } from "../store/index.ts";
import { type Answer, answerWith } from "./agent-loop.ts";
import { buildPrompt } from "./prompt.ts";
import { chooseAgent } from "./routing.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";

/** What a caller says. */
export interface ChatTurn {
  requestId: string;
  userId: string;
  message: string;
  sessionId: string | undefined;
  agentId: string | undefined;
}

export interface OverlordDeps {
  formationId: string;
  /** Voice of the formation (contract/formation.md 2.5). */
  soul: string;
  agents: readonly [AgentDefinition, ...AgentDefinition[]];
  /** Messages of the session that a model sees. */
  contextSize: number;
  modelOf: (agent: AgentDefinition) => Model;
  sessions: SessionRepository;
  memory: Memory;
  runs: Runs;
  now: () => number;
  log: Logger;
}

export interface Overlord {
  /**
   * Takes a message in: when it resolves, the message is stored and the answer is on its way.
   *
   * @throws ApiError `AGENT_NOT_FOUND`, `RESOURCE_NOT_FOUND` (the session is another user's), `CONFLICT` (a known
   * request id), `SERVICE_UNAVAILABLE` (the message could not be stored)
   */
  chat(turn: ChatTurn): Promise<Run>;
}

/** Longest time for one answer, in milliseconds (contract/formation-api.md 5.1). */
const ceiling = 600_000;

const noUsage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

const unavailable = (what: string, cause: unknown) =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    `${what} could not be stored: check the formation's disk, then try again`,
    {
      cause,
    },
  );

export const createOverlord = (deps: OverlordDeps): Overlord => {
  const { sessions, memory, runs, now, log } = deps;

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

  const keepAnswer = async (owner: Owner, run: Run, agent: AgentDefinition, answer: Answer) => {
    const { sessionId, requestId } = run.identity;
    const { model, finishReason, usage } = answer;
    await sessions.append(
      owner,
      sessionId,
      {
        role: "assistant",
        content: run.log.text,
        createdAt: now(),
        requestId,
        agentId: agent.id,
        metadata: { model, finish_reason: finishReason, usage },
      },
      null,
    );
  };

  /** Finishes the answer whether or not anybody still listens. */
  const work = async (
    owner: Owner,
    run: Run,
    agent: AgentDefinition,
    first: Promise<IteratorResult<ModelDelta[]>>,
    rest: AsyncIterator<ModelDelta[]>,
  ) => {
    const { sessionId, requestId, userId } = run.identity;
    const timer = setTimeout(
      () =>
        run.stop(
          new ApiError("LLM_TIMEOUT", `The answer took longer than ${ceiling / 1000} s and was stopped`),
        ),
      ceiling,
    );
    try {
      const answer = await answerWith({ first, rest, run });
      const { model, finishReason, usage } = answer;
      await keepAnswer(owner, run, agent, answer).catch((error) => {
        throw unavailable("The answer", error);
      });
      const ids = { session_id: sessionId, request_id: requestId };
      const outcome = { finish_reason: finishReason, model, agent_id: agent.id };
      run.complete(
        {
          message: {
            role: "assistant",
            content: run.log.text,
            metadata: { session_id: sessionId, ...outcome },
          },
          user_id: userId,
          ...ids,
          usage,
        },
        { type: "done", ...ids, ...outcome, usage, finished: true },
      );
    } catch (error) {
      const failure = asApiError(error, run);
      if (run.log.text !== "") await keepPartOf(owner, run, agent, failure);
      run.fail(failure);
    } finally {
      clearTimeout(timer);
      runs.finish(run);
    }
  };

  /** What the caller has seen of an answer that broke off stays in the conversation. */
  const keepPartOf = async (owner: Owner, run: Run, agent: AgentDefinition, failure: ApiError) => {
    const finishReason = failure.code === "CANCELLED" ? "cancelled" : "other";
    const model = deps.modelOf(agent).id;
    await keepAnswer(owner, run, agent, { model, finishReason, usage: noUsage }).catch((error) => {
      log.error({ err: error, ...run.identity }, "the part of the answer that was sent could not be stored");
    });
  };

  return {
    async chat(turn) {
      const { message, userId, requestId } = turn;
      const agent = chooseAgent(deps.agents, message, turn.agentId);
      const owner: Owner = { formationId: deps.formationId, userId };
      const sessionId = turn.sessionId ?? newId("session");
      if (turn.sessionId !== undefined && !(await sessions.isOpenTo(owner, sessionId))) {
        throw new ApiError("RESOURCE_NOT_FOUND", `Session '${sessionId}' not found`);
      }
      const history =
        turn.sessionId === undefined ? [] : await sessions.recent(owner, sessionId, deps.contextSize);
      const { passages, statement } = await memory.recall({
        owner,
        agentId: agent.id,
        message,
        inContext: new Set(history.map(({ content }) => content)),
      });
      const run = runs.start({ requestId, sessionId, userId });

      const request: ModelRequest = {
        messages: buildPrompt({
          instructions: agent.system_message === undefined ? [deps.soul] : [deps.soul, agent.system_message],
          now: new Date(now()),
          passages,
          history,
          message,
        }),
        context: { passages },
      };
      // The model is asked while the message goes to disk; the caller hears of neither before both are under way.
      const deltas = deps.modelOf(agent).stream(request, run.signal)[Symbol.asyncIterator]();
      const first = deltas.next();
      first.catch(() => {});

      const stored = await sessions
        .append(owner, sessionId, { role: "user", content: message, createdAt: now(), requestId }, statement)
        .catch((error) => unavailable("The message", error));
      if (stored !== true) {
        const refusal = stored || new ApiError("RESOURCE_NOT_FOUND", `Session '${sessionId}' not found`);
        run.stop(refusal);
        run.fail(refusal);
        runs.finish(run);
        throw refusal;
      }
      run.log.append({
        type: "progress",
        session_id: sessionId,
        request_id: requestId,
        user_id: userId,
        stage: "agent_selected",
        agent_id: agent.id,
        timestamp: now() / 1000,
      });
      void work(owner, run, agent, first, deltas);
      return run;
    },
  };
};
