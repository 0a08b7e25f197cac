import { ApiError, newId } from "@muxi/protocol";
import { storedMessage } from "../attachments/index.ts";
import type { Lease, NewMessage, NewRequest, Owner, Statement, StoredRequest } from "../store/index.ts";
import type { OverlordParts } from "./parts.ts";
import { unavailable } from "./reasons.ts";
import { knownRequest } from "./runs.ts";
import { inputOf, type Turn } from "./turn.ts";

/** How messages and their requests come into the database. */
export interface Intake {
  ownerOf(turn: Turn): Owner;
  /** Where the answer goes when it comes in the background. */
  targetOf(turn: Turn): string | null;
  /**
   * Makes sure that a session may be used, and names a new one. `asks`: whether a request of it waits for its user.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND` when it is another user's
   */
  sessionFor(turn: Turn): Promise<{ sessionId: string; isNew: boolean; asks: boolean }>;
  /** Statement that takes a request on: in the queue, or in this process at once under its lease. */
  request(turn: Turn, sessionId: string, lease?: Lease): Statement;
  /**
   * Stores the message, and with it, in one transaction, what else is to be written.
   *
   * @returns Why it could not be taken in.
   */
  store(turn: Turn, sessionId: string, also: readonly Statement[]): Promise<ApiError | undefined>;
  /** The same for the answer to a question: its request goes on with it, unless it does so already with another. */
  storeReply(
    turn: Turn,
    sessionId: string,
    lease: Lease,
    also: readonly Statement[],
  ): Promise<ApiError | undefined>;
  /**
   * The request of a call with the same idempotency key that came at the same time and was the reason.
   *
   * @throws ApiError `IDEMPOTENCY_KEY_REUSED`
   */
  sameAs(turn: Turn, refusal: ApiError): Promise<StoredRequest | undefined>;
  /** The same as statements, for somebody else's transaction. */
  statements(turn: Turn, sessionId: string): Statement[];
}

const notFound = (sessionId: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Session '${sessionId}' not found: leave session_id out for a new one`);

export const createIntake = ({
  formationId,
  settings,
  store: { requests, sessions },
  register,
  clock: { now },
}: Pick<OverlordParts, "formationId" | "settings" | "store" | "register" | "clock">): Intake => {
  const ownerOf = ({ userId }: Turn): Owner => ({ formationId, userId });
  const targetOf = ({ webhookUrl }: Turn): string | null =>
    webhookUrl === undefined ? (settings.webhookUrl ?? null) : webhookUrl;

  const userMessage = ({ message, attachments, requestId }: Turn): NewMessage => ({
    role: "user",
    content: attachments ? storedMessage(message, attachments) : message,
    createdAt: now(),
    requestId,
  });

  const request = (turn: Turn, sessionId: string, lease?: Lease): Statement => {
    const row: NewRequest = {
      id: turn.requestId,
      sessionId,
      kind: turn.kind ?? "chat",
      input: lease ? null : inputOf(turn),
      webhookUrl: lease ? null : targetOf(turn),
      idempotency: turn.idempotency,
      now: now(),
      ...(lease && { lease }),
    };
    return requests.insert(ownerOf(turn), row);
  };

  /** Why a message could not be taken in. */
  const refusalOf = async (
    { requestId }: Turn,
    write: () => Promise<ApiError | undefined>,
  ): Promise<ApiError | undefined> => {
    try {
      return await write();
    } catch (error) {
      return requests.isUniqueViolation(error) ? knownRequest(requestId) : unavailable("The message", error);
    }
  };

  return {
    ownerOf,
    targetOf,

    async sessionFor(turn) {
      if (turn.sessionId === undefined) return { sessionId: newId("session"), isNew: true, asks: false };
      const { state, asks } = await sessions.stateFor(ownerOf(turn), turn.sessionId);
      if (state === "foreign") throw notFound(turn.sessionId);
      return { sessionId: turn.sessionId, isNew: state === "new", asks };
    },

    request,

    store: (turn, sessionId, also) =>
      refusalOf(turn, async () => {
        const isStored = await sessions.append(ownerOf(turn), sessionId, userMessage(turn), also);
        return isStored ? undefined : notFound(sessionId);
      }),

    storeReply: (turn, sessionId, lease, also) =>
      refusalOf(turn, async () => {
        const { requestId, idempotency } = turn;
        const owner = ownerOf(turn);
        const message = sessions.adding(owner, sessionId, userMessage(turn));
        const call = { sessionId, lease, idempotency };
        const isResumed = await requests.resume(owner, requestId, call, [...message, ...also]);
        return isResumed ? undefined : knownRequest(requestId);
      }),

    async sameAs(turn, refusal) {
      if (refusal.code !== "CONFLICT" || !turn.idempotency) return undefined;
      const earlier = await register.earlier(turn, ownerOf(turn));
      return earlier && "repeats" in earlier ? earlier.repeats : undefined;
    },

    statements: (turn, sessionId) => [
      ...sessions.adding(ownerOf(turn), sessionId, userMessage(turn)),
      request(turn, sessionId),
    ],
  };
};
