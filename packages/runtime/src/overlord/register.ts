import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { EventLog } from "../events/index.ts";
import type {
  Idempotency,
  ListedRequest,
  ListPage,
  Owner,
  RequestRepository,
  StoredRequest,
  WhichRequests,
} from "../store/index.ts";
import { cancelledEnding } from "./cancelled-ending.ts";
import { cancelled } from "./reasons.ts";
import { Run } from "./run.ts";
import { knownRequest, type Runs } from "./runs.ts";

/** An earlier request that a new one repeats, makes anew since it has failed, or whose question it answers. */
export type Earlier = { repeats: StoredRequest } | { renews: StoredRequest } | { awaits: StoredRequest };

/** All requests of a formation: running here or in another process, or ended (docs/spec/formation-api.md "Requests"). */
export interface Register {
  /**
   * The request that a new one repeats or continues.
   *
   * @throws ApiError `CONFLICT` (the id is taken), `IDEMPOTENCY_KEY_REUSED`
   */
  earlier(
    asked: {
      requestId: string;
      /** Whether no earlier request can have this id. */
      isFirst?: boolean;
      sessionId?: string | undefined;
      idempotency?: Idempotency | undefined;
    },
    owner: Owner,
  ): Promise<Earlier | undefined>;
  /** The run of a request, in whichever process it is. */
  runOf(stored: StoredRequest): Run;
  /** Newest first; without a user, those of all users. */
  list(which: WhichRequests, page: ListPage): Promise<ListedRequest[]>;
  /** @throws ApiError `REQUEST_NOT_FOUND`, `FORBIDDEN` */
  get(requestId: string, userId: string | undefined): Promise<StoredRequest>;
  /**
   * Stops a request.
   *
   * @throws ApiError `NOT_FOUND`, `FORBIDDEN`, `OPERATION_FAILED` (it has ended)
   */
  cancel(requestId: string, userId: string | undefined): Promise<"immediate" | "cooperative">;
  /**
   * The events of a request; new ones are added while it runs. Call `stop` when nobody reads them any more.
   *
   * @throws ApiError `REQUEST_NOT_FOUND`, for requests of others too
   */
  follow(
    requestId: string,
    sessionId: string,
    userId: string | undefined,
  ): Promise<{ log: EventLog; stop: () => void }>;
}

/** Interval at which new events of a request in another process are read, in milliseconds. */
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
    `Request '${requestId}' belongs to another user: send that user's id, or use the admin key`,
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

  /** Reads new events until the request has ended or nobody follows it. */
  const watch = (stored: StoredRequest): { log: EventLog; stop: () => void } => {
    const log = logOf(stored);
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    let attached: EventLog | undefined;
    let detach = () => {};

    /** Passes on each event of a run in this process at once. */
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
        // Parts are read before the request, since they are deleted when it ends.
        const parts = here ? [here] : await requests.published(formationId, stored.id, log.lastSeq);
        const current = await requests.get(formationId, stored.id);
        if (stopped) return;
        for (const { after, events } of parts) log.addPart(after, events);
        if (current?.log) log.takeUp(current.log);
        if (!current || (hasEnded(current) && !log.closed)) log.leave();
      } catch (error) {
        deps.log.warn(
          { err: error, request_id: stored.id },
          "new events of a request could not be read and will be tried again",
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
          "This X-Muxi-Idempotency-Key was sent before with another body: use a new key for a new call",
        );
      }
      const known = found.find(({ id }) => id === requestId);
      if (!known) return undefined;
      const hasFailed = known.status === "failed" || known.status === "cancelled";
      // The key of the call is free, but its id stands in the body.
      if (hasFailed && known.userId === owner.userId && known.bodyHash === idempotency?.hash && idempotency)
        return { renews: known };
      const isMine = known.userId === owner.userId && known.sessionId === sessionId;
      if (isMine && known.status === "awaiting_clarification") return { awaits: known };
      throw knownRequest(requestId);
    },

    runOf,

    list: (which, page) => requests.list(formationId, which, page),

    async get(requestId, userId) {
      const stored = await requests.get(formationId, requestId);
      if (!stored) throw missing(requestId);
      if (userId === undefined || stored.userId === userId) return stored;
      throw foreign(requestId);
    },

    async cancel(requestId, userId) {
      const stored = await requests.get(formationId, requestId);
      // The model is asked while the request is being stored: a run may exist before its row does.
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
      const ending = cancelledEnding(stored, cancelled, now());
      if (await requests.finishWaiting(formationId, requestId, ending)) return "immediate";
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
