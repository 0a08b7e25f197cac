import { ApiError, newId } from "@muxi/protocol";
import { storedMessage } from "../attachments/index.ts";
import type {
  Lease,
  NewMessage,
  NewRequest,
  Owner,
  SessionState,
  Statement,
  StoredRequest,
} from "../store/index.ts";
import type { OverlordParts } from "./parts.ts";
import { unavailable } from "./reasons.ts";
import { knownRequest } from "./runs.ts";
import { inputOf, type Turn } from "./turn.ts";

/** What became of a message: its request was begun, it waits in the queue, or the reason why it was not taken in. */
export type Intaken = "begun" | "queued" | ApiError;

export interface UsedSession extends Omit<SessionState, "state"> {
  sessionId: string;
  isNew: boolean;
}

/** How messages and their requests come into the database. */
export interface Intake {
  ownerOf(turn: Turn): Owner;
  /** Where the answer goes when it comes in the background. */
  targetOf(turn: Turn): string | null;
  /**
   * Makes sure that a session may be used, and names a new one.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND` when it is another user's
   */
  sessionFor(turn: Turn): Promise<UsedSession>;
  /**
   * Stores the message, and its request in the queue.
   *
   * @param webhookUrl Where the answer goes.
   */
  enqueue(turn: Turn, sessionId: string, webhookUrl: string | null): Promise<Exclude<Intaken, "begun">>;
  /**
   * Stores the message, and its request as begun by this process; `queued` where another request of the session is
   * being answered, after which this one comes.
   */
  begin(turn: Turn, sessionId: string, lease: Lease, also: readonly Statement[]): Promise<Intaken>;
  /** Stores the answer to a question: its request goes on with it, unless it does so already with another. */
  goOn(turn: Turn, sessionId: string, lease: Lease, also: readonly Statement[]): Promise<Intaken>;
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

  const request = (turn: Turn, sessionId: string, webhookUrl: string | null): NewRequest => ({
    id: turn.requestId,
    sessionId,
    kind: turn.kind ?? "chat",
    input: inputOf(turn),
    webhookUrl,
    idempotency: turn.idempotency,
    now: now(),
  });

  const intaken = async <Result extends Intaken>(
    { requestId }: Turn,
    write: () => Promise<Result | ApiError>,
  ): Promise<Result | ApiError> => {
    try {
      return await write();
    } catch (error) {
      return requests.isUniqueViolation(error) ? knownRequest(requestId) : unavailable("The message", error);
    }
  };

  /** Undefined when the session is someone else's. */
  const append = (turn: Turn, sessionId: string, also: readonly Statement[]) =>
    sessions.append(ownerOf(turn), sessionId, userMessage(turn), also);

  return {
    ownerOf,
    targetOf,

    async sessionFor(turn) {
      const { sessionId } = turn;
      if (sessionId === undefined) {
        return { sessionId: newId("session"), isNew: true, turns: 0, asks: false, isBusy: false };
      }
      const { state, ...session } = await sessions.stateFor(ownerOf(turn), sessionId);
      if (state === "foreign") throw notFound(sessionId);
      return { sessionId, isNew: state === "new", ...session };
    },

    enqueue: (turn, sessionId, webhookUrl) =>
      intaken<"queued">(turn, async () => {
        const row = requests.insert(ownerOf(turn), request(turn, sessionId, webhookUrl));
        return (await append(turn, sessionId, [row])) ? "queued" : notFound(sessionId);
      }),

    begin: (turn, sessionId, lease, also) =>
      intaken<Intaken>(turn, async () => {
        const row = requests.begin(ownerOf(turn), { ...request(turn, sessionId, null), lease });
        const done = await append(turn, sessionId, [row, ...also]);
        if (!done) return notFound(sessionId);
        return done[0]?.rows[0]?.status === "pending" ? "queued" : "begun";
      }),

    goOn: (turn, sessionId, lease, also) =>
      intaken<Intaken>(turn, async () => {
        const { requestId, idempotency } = turn;
        const owner = ownerOf(turn);
        const message = sessions.adding(owner, sessionId, userMessage(turn));
        const call = { sessionId, lease, idempotency };
        const isResumed = await requests.resume(owner, requestId, call, [...message, ...also]);
        return isResumed ? "begun" : knownRequest(requestId);
      }),

    async sameAs(turn, refusal) {
      if (refusal.code !== "CONFLICT" || !turn.idempotency) return undefined;
      const earlier = await register.earlier(turn, ownerOf(turn));
      return earlier && "repeats" in earlier ? earlier.repeats : undefined;
    },

    statements: (turn, sessionId) => [
      ...sessions.adding(ownerOf(turn), sessionId, userMessage(turn)),
      requests.insert(ownerOf(turn), request(turn, sessionId, targetOf(turn))),
    ],
  };
};
