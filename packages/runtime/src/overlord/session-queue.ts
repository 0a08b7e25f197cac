import { ApiError } from "@muxi/protocol";
import { storedMessage } from "../attachments/index.ts";
import type { Owner, Store, StoredRequest } from "../store/index.ts";
import { cancelledEnding } from "./cancelled-ending.ts";
import { cancelled } from "./reasons.ts";
import { inputOf, type Turn, turnOf } from "./turn.ts";

/** A message that waits for the end of the one before it in its session. */
export interface QueuedMessage {
  turn: Turn;
  /** Unix milliseconds. */
  createdAt: number;
}

/** The messages of a session that wait (docs/spec/formation-api.md "Queued messages"). */
export interface SessionQueue {
  /** In their order. @throws ApiError `RESOURCE_NOT_FOUND` when the session is not the owner's */
  list(owner: Owner, sessionId: string): Promise<QueuedMessage[]>;
  /** @throws ApiError `RESOURCE_NOT_FOUND`, `REQUEST_NOT_FOUND`, `CONFLICT` (it waits no longer) */
  change(owner: Owner, sessionId: string, requestId: string, message: string): Promise<QueuedMessage>;
  /** Takes one back: it is cancelled, and its message is deleted. @throws ApiError as `change` */
  remove(owner: Owner, sessionId: string, requestId: string): Promise<void>;
}

const noSession = (sessionId: string) =>
  new ApiError(
    "RESOURCE_NOT_FOUND",
    `Session '${sessionId}' not found: GET /v1/sessions lists the user's own`,
  );

const noRequest = (requestId: string, sessionId: string) =>
  new ApiError(
    "REQUEST_NOT_FOUND",
    `Session '${sessionId}' has no request '${requestId}': GET /v1/sessions/${sessionId}/queue lists what waits`,
  );

const noLongerWaits = (requestId: string) =>
  new ApiError(
    "CONFLICT",
    `Request '${requestId}' waits no longer: GET /v1/requests/${requestId} says how it stands`,
  );

const queuedMessage = (request: StoredRequest): QueuedMessage => ({
  turn: turnOf(request),
  createdAt: request.createdAt,
});

export const createSessionQueue = (deps: {
  store: Pick<Store, "requests" | "sessions">;
  now: () => number;
}): SessionQueue => {
  const { requests, sessions } = deps.store;

  const list = async (owner: Owner, sessionId: string): Promise<StoredRequest[]> => {
    const { state } = await sessions.stateFor(owner, sessionId);
    if (state !== "own") throw noSession(sessionId);
    return requests.queued(owner, sessionId);
  };

  const find = async (owner: Owner, sessionId: string, requestId: string): Promise<StoredRequest> => {
    const queued = (await list(owner, sessionId)).find(({ id }) => id === requestId);
    if (queued) return queued;
    const known = await requests.get(owner.formationId, requestId);
    const isOwn = known?.userId === owner.userId && known.sessionId === sessionId;
    throw isOwn ? noLongerWaits(requestId) : noRequest(requestId, sessionId);
  };

  return {
    list: async (owner, sessionId) => (await list(owner, sessionId)).map(queuedMessage),

    async change(owner, sessionId, requestId, message) {
      const request = await find(owner, sessionId, requestId);
      const turn = { ...turnOf(request), message };
      const content = turn.attachments ? storedMessage(message, turn.attachments) : message;
      const input = inputOf(turn);
      if (!(await requests.changeQueued(request, owner, { input, content }))) throw noLongerWaits(requestId);
      return { turn, createdAt: request.createdAt };
    },

    async remove(owner, sessionId, requestId) {
      const request = await find(owner, sessionId, requestId);
      const ending = cancelledEnding(request, cancelled, deps.now());
      if (!(await requests.dropQueued(request, owner, ending))) throw noLongerWaits(requestId);
    },
  };
};
