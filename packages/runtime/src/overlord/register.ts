import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { EventLog } from "../events/index.ts";
import type { Idempotency, Owner, RequestRepository, StoredRequest } from "../store/index.ts";
import { cancelled } from "./reasons.ts";
import { Run } from "./run.ts";
import { knownRequest, type Runs } from "./runs.ts";

/** What an earlier request means for a new one: the new one is the same, or answers what it asked. */
export type Earlier = { repeats: StoredRequest } | { awaits: StoredRequest };

/** The requests of a formation, at work here, elsewhere, or ended (docs/spec/formation-api.md "Requests"). */
export interface Register {
  /**
   * The request that a new one repeats or goes on with.
   *
   * @throws ApiError `CONFLICT` (the id is taken), `IDEMPOTENCY_KEY_REUSED`
   */
  earlier(
    asked: {
      requestId: string;
      /** Whether no earlier request has this id. */
      isFirst?: boolean;
      sessionId?: string | undefined;
      idempotency?: Idempotency | undefined;
    },
    owner: Owner,
  ): Promise<Earlier | undefined>;
  /** The run of a request, wherever it is. */
  runOf(stored: StoredRequest): Run;
  /** Newest first; of everybody without a user. */
  list(userId: string | undefined, limit: number): Promise<StoredRequest[]>;
  /** @throws ApiError `REQUEST_NOT_FOUND`, `FORBIDDEN` */
  get(requestId: string, userId: string | undefined): Promise<StoredRequest>;
  /**
   * Stops a request.
   *
   * @throws ApiError `NOT_FOUND`, `FORBIDDEN`, `OPERATION_FAILED` (it has ended)
   */
  cancel(requestId: string, userId: string | undefined): Promise<"immediate" | "cooperative">;
  /**
   * The events of a request, which grow as long as it is under way. `stop` says that nobody reads them any more.
   *
   * @throws ApiError `REQUEST_NOT_FOUND`, for requests of others too
   */
  follow(
    requestId: string,
    sessionId: string,
    userId: string | undefined,
  ): Promise<{ log: EventLog; stop: () => void }>;
}

/** How often the events of a request in another process are looked for, in milliseconds. */
const lookEvery = 250;

const hasEnded = ({ status }: StoredRequest) =>
  status === "completed" || status === "failed" || status === "cancelled";

const logOf = ({ log }: StoredRequest): EventLog => {
  const events = new EventLog();
  if (log !== null) events.takeUp(log);
  return events;
};

const missing = (requestId: string) =>
  new ApiError("REQUEST_NOT_FOUND", `Request '${requestId}' not found: it may have ended a while ago`);

const foreign = (requestId: string) =>
  new ApiError(
    "FORBIDDEN",
    `Request '${requestId}' belongs to another user: ask as that one, or with the admin key`,
  );

export const createRegister = (deps: {
  formationId: string;
  requests: RequestRepository;
  runs: Runs;
  now: () => number;
  log: Logger;
}): Register => {
  const { formationId, requests, runs, now } = deps;

  const identityOf = ({ id, sessionId, userId }: StoredRequest) => ({ requestId: id, sessionId, userId });

  /** Reads on until the request has ended or nobody follows. */
  const watch = (stored: StoredRequest): { log: EventLog; stop: () => void } => {
    const log = logOf(stored);
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    let attached: EventLog | undefined;
    let detach = () => {};

    /** Of a run in this process each event is passed on at once. */
    const attach = (own: EventLog) => {
      if (attached === own) return;
      detach();
      attached = own;
      detach = own.listen(() => {
        const { after, events } = own.partAfter(log.lastSeq);
        log.addPart(after, events);
      });
    };

    const look = async () => {
      try {
        const own = runs.get(stored.id)?.log;
        if (own) attach(own);
        const here = own?.partAfter(log.lastSeq);
        // In this order, since the parts go when the request ends.
        const parts = here ? [here] : await requests.published(formationId, stored.id, log.lastSeq);
        const current = await requests.get(formationId, stored.id);
        if (stopped) return;
        for (const { after, events } of parts) log.addPart(after, events);
        if (current?.log) log.takeUp(current.log);
        if (!current || (hasEnded(current) && !log.closed)) log.leave();
      } catch (error) {
        deps.log.warn(
          { err: error, request_id: stored.id },
          "a request could not be followed and is looked at again",
        );
      }
      if (stopped || log.closed) return;
      timer = setTimeout(look, lookEvery);
    };
    if (!log.closed) timer = setTimeout(look, lookEvery);
    return {
      log,
      stop() {
        stopped = true;
        clearTimeout(timer);
        detach();
      },
    };
  };

  const runOf = (stored: StoredRequest): Run => {
    const active = runs.get(stored.id);
    if (active) return active;
    if (hasEnded(stored) || stored.status === "awaiting_clarification") {
      return Run.ofStored(identityOf(stored), logOf(stored), stored.completedAt);
    }
    return Run.elsewhere(identityOf(stored), watch(stored).log);
  };

  return {
    async earlier({ requestId, isFirst, sessionId, idempotency }, owner) {
      if (isFirst && !idempotency) return undefined;
      const active = runs.get(requestId);
      if (active && !idempotency) throw knownRequest(requestId);
      const found = await requests.find(owner, requestId, idempotency?.key);
      const repeated = found.find(({ idempotencyKey }) => idempotencyKey === idempotency?.key && idempotency);
      if (repeated) {
        if (repeated.bodyHash === idempotency?.hash) return { repeats: repeated };
        throw new ApiError(
          "IDEMPOTENCY_KEY_REUSED",
          "This X-Muxi-Idempotency-Key was sent before with another body: take a new key for a new call",
        );
      }
      const known = found.find(({ id }) => id === requestId);
      if (!known) return undefined;
      const isMine = known.userId === owner.userId && known.sessionId === sessionId;
      if (isMine && known.status === "awaiting_clarification") return { awaits: known };
      throw knownRequest(requestId);
    },

    runOf,

    list: (userId, limit) => requests.list(formationId, userId, limit),

    async get(requestId, userId) {
      const stored = await requests.get(formationId, requestId);
      if (!stored) throw missing(requestId);
      if (userId === undefined || stored.userId === userId) return stored;
      throw foreign(requestId);
    },

    async cancel(requestId, userId) {
      const stored = await requests.get(formationId, requestId);
      // The model is asked while the request is being stored: a run may be known before its row is.
      const active = runs.get(requestId);
      const owner = stored?.userId ?? active?.identity.userId;
      if (owner !== undefined && userId !== undefined && owner !== userId) throw foreign(requestId);
      if (stored?.status === "cancelled") return "immediate";
      if (stored && hasEnded(stored)) {
        throw new ApiError("OPERATION_FAILED", `Request '${requestId}' has already ${stored.status}`);
      }
      if (active) {
        active.stop(cancelled);
        return "immediate";
      }
      if (!stored) {
        throw new ApiError("NOT_FOUND", `Request '${requestId}' not found: GET /v1/requests lists them`);
      }
      const ending = { status: "cancelled", error: cancelled.message, log: "", now: now() } as const;
      const ended = new EventLog();
      const event = {
        type: "error",
        code: cancelled.code,
        message: cancelled.message,
        error: cancelled.message,
      } as const;
      const log = ended.serialize({ ...event, session_id: stored.sessionId, request_id: requestId });
      if (await requests.finishWaiting(formationId, requestId, { ...ending, log })) return "immediate";
      await requests.requestCancel(formationId, requestId);
      return "cooperative";
    },

    async follow(requestId, sessionId, userId) {
      const active = runs.get(requestId);
      if (active) {
        const { identity, log } = active;
        const isVisible =
          identity.sessionId === sessionId && (userId === undefined || identity.userId === userId);
        if (!isVisible) throw missing(requestId);
        return { log, stop() {} };
      }
      const stored = await requests.get(formationId, requestId);
      const isVisible = stored?.sessionId === sessionId && (userId === undefined || stored.userId === userId);
      if (!stored || !isVisible) throw missing(requestId);
      return watch(stored);
    },
  };
};
