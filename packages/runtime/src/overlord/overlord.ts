import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, newId, type Usage } from "@muxi/protocol";
import type { Logger } from "pino";
import { storedMessage } from "../attachments/index.ts";
import type { Feed } from "../events/index.ts";
import type { Outcome } from "../jobs/index.ts";
import { ModelError } from "../models/index.ts";
import type { Observe } from "../observability/index.ts";
import {
  type Lease,
  type NewMessage,
  type NewRequest,
  type Owner,
  type RequestKind,
  type RequestRepository,
  type Statement,
  StorageUnavailableError,
  type StoredRequest,
} from "../store/index.ts";
import { type Answer, answerWith, type BegunRound, type ToolLimits } from "./agent-loop.ts";
import { createJournal, type Journal } from "./journal.ts";
import { type PreparationDeps, type Prepared, prepareTurn } from "./prepare.ts";
import type { Register } from "./register.ts";
import type { Run } from "./run.ts";
import { knownRequest, type Runs } from "./runs.ts";
import { inputOf, type Turn, turnOf } from "./turn.ts";

export interface OverlordDeps extends PreparationDeps {
  formationId: string;
  toolLimits: ToolLimits;
  requests: RequestRepository;
  /** The lease under which this process works, from now on. */
  lease: () => Lease;
  /** Makes sure that this process still holds its requests; stops what it has lost. */
  confirmLease: () => Promise<void>;
  runs: Runs;
  register: Register;
  /** Where answers in the background go, unless their turn says otherwise. */
  webhookUrl: string | undefined;
  /** Writes statements in one transaction. */
  write: (statements: readonly Statement[]) => Promise<unknown>;
  /** What follows from the end of a request, in the transaction that ends it. */
  endings: (outcome: Outcome, kind: RequestKind) => Statement[];
  /** Called once an end is on disk. */
  onEnded: (kind: RequestKind) => void;
  /** Called once something waits in the queue. */
  onQueued: () => void;
  feed: Feed;
  observe: Observe;
  log: Logger;
}

export interface Overlord {
  /**
   * Takes a message in: when it resolves, the message is stored and the answer is on its way. With an idempotency key
   * that is known it gives the run that was made of the first one.
   *
   * @throws ApiError `AGENT_NOT_FOUND`, `RESOURCE_NOT_FOUND` (the session is another user's), `CONFLICT` (a known
   * request id), `IDEMPOTENCY_KEY_REUSED`, `SERVICE_UNAVAILABLE` (the message could not be stored)
   */
  chat(turn: Turn): Promise<Run>;
  /**
   * Takes a message in for the background: when it resolves, it is stored and will be answered, whatever happens.
   *
   * @returns The id of the request, which is that of an earlier one when the idempotency key is known.
   */
  submit(turn: Turn): Promise<string>;
  /** The same as statements, for somebody else's transaction. The session is the user's own. */
  accept(turn: Turn): Statement[];
  /** Lets a run that was begun at once go on in the background. */
  continueInBackground(run: Run, turn: Turn): Promise<void>;
  /** Answers a request of the queue. */
  perform(request: StoredRequest): Promise<void>;
  /** Ends a request of the queue without an answer. */
  giveUp(request: StoredRequest, reason: ApiError): Promise<void>;
}

/** Longest time for one answer, in milliseconds (contract/formation-api.md 5.1). */
const ceiling = 600_000;
/** Pauses before a request in the background asks a model again that was not there, in milliseconds. */
const patience = [2_000, 10_000, 30_000];
/** Pause before an end that could not be stored is tried again, in milliseconds. */
const storeAgainAfter = 5_000;

const noUsage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

/** Why a run in the background is broken off: its process ends, and another one takes it over. */
export const handOver = new ApiError("SERVICE_UNAVAILABLE", "The formation is shutting down: try again");

/** Why a run is broken off when another process has taken its request over. */
export const taken = new ApiError(
  "SERVICE_UNAVAILABLE",
  "Another process of the formation has taken the request over: read it at /v1/requests",
);

/** A user has asked for it. */
export const cancelled = new ApiError("CANCELLED", "Stopped on request");

const unavailable = (what: string, cause: unknown) =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    `${what} could not be stored: check the formation's disk, then try again`,
    { cause },
  );

const notFound = (sessionId: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Session '${sessionId}' not found: leave session_id out for a new one`);

/** A run and what is known about it beside its log. */
interface Work {
  run: Run;
  turn: Turn;
  owner: Owner;
  /** Whether it goes on in another process when this one ends. */
  isAsync: boolean;
  /** Where the answer goes beside its session. */
  webhookUrl: string | null;
  startedAt: number;
  journal: Journal;
}

export const createOverlord = (deps: OverlordDeps): Overlord => {
  const { formationId, requests, sessions, memory, runs, feed, observe, now, log } = deps;
  /** What is being done at once, and may yet go on in the background. */
  const works = new WeakMap<Run, Work>();

  const ownerOf = ({ userId }: Turn): Owner => ({ formationId, userId });
  const targetOf = ({ webhookUrl }: Turn): string | null =>
    webhookUrl === undefined ? (deps.webhookUrl ?? null) : webhookUrl;

  const userMessage = ({ message, attachments, requestId }: Turn): NewMessage => ({
    role: "user",
    content: attachments ? storedMessage(message, attachments) : message,
    createdAt: now(),
    requestId,
  });

  const newRequest = (turn: Turn, sessionId: string, lease?: Lease): NewRequest => ({
    id: turn.requestId,
    sessionId,
    kind: turn.kind ?? "chat",
    input: lease ? null : inputOf(turn),
    webhookUrl: lease ? null : targetOf(turn),
    idempotency: turn.idempotency,
    now: now(),
    ...(lease && { lease }),
  });

  /** Where nobody waits, what the database cannot do now is tried until it can. */
  const persistently = async <T>(
    { run, isAsync }: Pick<Work, "run" | "isAsync">,
    store: () => Promise<T>,
  ) => {
    for (;;) {
      try {
        return await store();
      } catch (error) {
        const isHopeless = !isAsync || runs.closed || run.signal.aborted;
        if (isHopeless || !(error instanceof StorageUnavailableError)) throw error;
        log.warn({ err: error, ...run.identity }, "a request waits for the database");
        await sleep(storeAgainAfter, undefined, { ref: false });
      }
    }
  };

  const workFor = (work: Omit<Work, "journal">, finished: ReadonlyMap<string, string> = new Map()): Work => {
    const { run } = work;
    const { requestId } = run.identity;
    const whole: Work = {
      ...work,
      journal: createJournal(finished, {
        isKept: () => whole.isAsync,
        async confirm() {
          await deps.confirmLease();
          run.signal.throwIfAborted();
        },
        async store(steps) {
          const add = () => requests.addSteps(formationId, requestId, deps.lease().owner, steps);
          if (!(await persistently(whole, add))) throw taken;
        },
      }),
    };
    return whole;
  };

  /** Whether a request has ended as this process says: the answer to its own write may have been lost. */
  const hasEndedSo = async (requestId: string, ended: string): Promise<boolean> =>
    (await requests.get(formationId, requestId))?.log === ended;

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

  const complete = async (work: Work, { agent }: Prepared, answer: Answer): Promise<void> => {
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
      ...(clarification && { clarification: { ...clarification, request_id: requestId } }),
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
      work,
      async () => (await store()) || (await hasEndedSo(requestId, ending.log)),
    ).catch((error) => {
      throw unavailable("The answer", error);
    });
    if (!stored) throw taken;
    run.complete(done, outcome.endedAt);
    tell("completed", work, { usage, model, agent_id: agent.id });
  };

  /** What the caller has seen of an answer that broke off stays in the conversation. */
  const fail = async (work: Work, prepared: Prepared | undefined, failure: ApiError): Promise<void> => {
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
  };

  /** Asks the model; one that is not there is asked again later where nobody waits for the answer. */
  const answer = async (work: Work, prepared: Prepared, begun?: BegunRound): Promise<Answer> => {
    const { run, journal } = work;
    const turn = { ...prepared, run, limits: deps.toolLimits, journal, now };
    for (let attempt = 0; ; attempt++) {
      try {
        return await answerWith(attempt === 0 && begun ? { ...turn, begun } : turn);
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
    await requests
      .giveBack(formationId, run.identity.requestId, deps.lease().owner, now())
      // Then it is taken over once this process shows no life any more.
      .catch((error) => log.warn({ err: error, ...run.identity }, "a request could not be handed over"));
    run.leave(handOver);
  };

  /** Finishes the answer whether or not anybody still listens. */
  const finish = async (work: Work, prepared: Prepared, produce: () => Promise<Answer>): Promise<void> => {
    const { run } = work;
    const timer = setTimeout(
      () =>
        run.stop(
          new ApiError("LLM_TIMEOUT", `The answer took longer than ${ceiling / 1000} s and was stopped`),
        ),
      ceiling,
    );
    try {
      await complete(work, prepared, await produce());
    } catch (error) {
      if (run.signal.reason === taken || error === taken) run.leave(taken);
      else if (run.signal.reason === handOver && work.isAsync) await handBack(work);
      else await fail(work, prepared, asApiError(error, run));
    } finally {
      clearTimeout(timer);
      runs.finish(run);
      memory.learn(run.identity.requestId);
      deps.onEnded(work.turn.kind ?? "chat");
    }
  };

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

  /** Makes sure that a session may be used, and names a new one. */
  const sessionFor = async (turn: Turn, owner: Owner): Promise<{ sessionId: string; isNew: boolean }> => {
    if (turn.sessionId === undefined) return { sessionId: newId("session"), isNew: true };
    const state = await sessions.stateFor(owner, turn.sessionId);
    if (state === "foreign") throw notFound(turn.sessionId);
    return { sessionId: turn.sessionId, isNew: state === "new" };
  };

  const refusalOf = (turn: Turn, error: unknown): ApiError =>
    requests.isTaken(error) ? knownRequest(turn.requestId) : unavailable("The message", error);

  /** The request of a call with the same idempotency key that came at the same time. */
  const sameAs = async (turn: Turn, owner: Owner, refusal: ApiError): Promise<StoredRequest | undefined> => {
    if (refusal.code !== "CONFLICT" || !turn.idempotency) return undefined;
    const earlier = await deps.register.earlier(turn, owner);
    return earlier && "repeats" in earlier ? earlier.repeats : undefined;
  };

  return {
    async chat(turn) {
      const owner = ownerOf(turn);
      const earlier = await deps.register.earlier(turn, owner);
      if (earlier && "repeats" in earlier) return deps.register.runOf(earlier.repeats);
      const session = await sessionFor(turn, owner);
      const { sessionId } = session;
      const prepared = await prepareTurn(deps, turn, owner, { ...session, except: "" });
      const { requestId, userId } = turn;
      const run = runs.start({ requestId, sessionId, userId });
      const webhookUrl = earlier?.awaits.webhookUrl ?? null;
      const work = workFor({ run, turn, owner, isAsync: false, webhookUrl, startedAt: now() });
      works.set(run, work);

      const askModel = (): BegunRound => {
        const rest = prepared.model.stream(prepared.request, run.signal)[Symbol.asyncIterator]();
        const first = rest.next();
        first.catch(() => {});
        return { first, rest };
      };
      // The model is asked while the message goes to disk; the caller hears of neither before both are under way. A call
      // that may come twice at once is stored first, so that only one of them asks.
      const early = turn.idempotency ? undefined : askModel();

      const lease = deps.lease();
      const taken = earlier
        ? requests.goOn(owner, requestId, sessionId, lease)
        : requests.insert(owner, newRequest(turn, sessionId, lease));
      const stored = await sessions
        .append(owner, sessionId, userMessage(turn), [taken, ...prepared.learned])
        .catch((error) => refusalOf(turn, error));
      if (stored !== true) {
        const refusal = stored || notFound(sessionId);
        run.stop(refusal);
        run.leave(refusal);
        runs.finish(run);
        const same = await sameAs(turn, owner, refusal);
        if (same) return deps.register.runOf(same);
        throw refusal;
      }
      run.isStored = true;
      announce(work, prepared);
      void finish(work, prepared, () => answer(work, prepared, early ?? askModel()));
      return run;
    },

    async submit(turn) {
      const owner = ownerOf(turn);
      const earlier = await deps.register.earlier(turn, owner);
      if (earlier && "repeats" in earlier) return earlier.repeats.id;
      if (earlier) throw knownRequest(turn.requestId);
      const { sessionId } = await sessionFor(turn, owner);
      const stored = await sessions
        .append(owner, sessionId, userMessage(turn), [requests.insert(owner, newRequest(turn, sessionId))])
        .catch((error) => refusalOf(turn, error));
      if (stored !== true) {
        const refusal = stored || notFound(sessionId);
        const same = await sameAs(turn, owner, refusal);
        if (same) return same.id;
        throw refusal;
      }
      deps.onQueued();
      return turn.requestId;
    },

    accept(turn) {
      const owner = ownerOf(turn);
      const sessionId = turn.sessionId ?? newId("session");
      return [
        ...sessions.adding(owner, sessionId, userMessage(turn)),
        requests.insert(owner, newRequest(turn, sessionId)),
      ];
    },

    async continueInBackground(run, turn) {
      const work = works.get(run);
      if (!work) return;
      const { requestId } = run.identity;
      const target = targetOf(turn);
      work.isAsync = true;
      await requests.toBackground(formationId, requestId, deps.lease().owner, {
        input: inputOf(turn),
        webhookUrl: target,
        steps: work.journal.pending(),
      });
      work.webhookUrl = target;
    },

    async perform(stored) {
      const turn = turnOf(stored);
      const owner = ownerOf(turn);
      const { id: requestId, sessionId, userId, attempts } = stored;
      const run = runs.start({ requestId, sessionId, userId });
      run.isStored = true;
      if (stored.cancelAsked === 1) run.stop(cancelled);
      const { webhookUrl, startedAt } = stored;
      const begun = { run, turn, owner, isAsync: true, webhookUrl, startedAt: startedAt ?? now() };
      let work = workFor(begun);
      let prepared: Prepared;
      try {
        prepared = await persistently(begun, async () => {
          if (attempts > 1) work = workFor(begun, await requests.steps(formationId, requestId));
          const turnPrepared = await prepareTurn(deps, turn, owner, {
            sessionId,
            isNew: false,
            except: requestId,
          });
          if (attempts === 1 && turnPrepared.learned.length > 0) await deps.write(turnPrepared.learned);
          return turnPrepared;
        });
      } catch (error) {
        if (run.signal.reason === taken) run.leave(taken);
        else if (run.signal.reason === handOver) await handBack(work);
        else await fail(work, undefined, asApiError(error, run));
        runs.finish(run);
        deps.onEnded(stored.kind);
        return;
      }
      announce(work, prepared);
      await finish(work, prepared, () => answer(work, prepared));
    },

    async giveUp(stored, reason) {
      const { id: requestId, sessionId, userId, webhookUrl, startedAt } = stored;
      const turn = turnOf(stored);
      const run = runs.start({ requestId, sessionId, userId });
      run.isStored = true;
      const at = startedAt ?? now();
      log.error(run.identity, reason.message);
      await fail(
        workFor({ run, turn, owner: ownerOf(turn), isAsync: true, webhookUrl, startedAt: at }),
        undefined,
        reason,
      );
      runs.finish(run);
      deps.onEnded(stored.kind);
    },
  };
};
