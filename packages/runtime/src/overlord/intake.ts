import { ApiError, newId, type OnBusy } from "@muxi/protocol";
import { storedMessage } from "../attachments/index.ts";
import type { Lease, NewMessage, Owner, SessionState, Statement, StoredRequest } from "../store/index.ts";
import type { GivenAnswer } from "../tools/index.ts";
import { isQuestion, questionOf } from "./clarification.ts";
import type { OverlordParts } from "./parts.ts";
import { notAsked, unavailable } from "./reasons.ts";
import { knownRequest } from "./runs.ts";
import { inputOf, type Turn, turnOf } from "./turn.ts";

/** The outcome for a message: its request began, it waits in the queue, or the reason why it was refused. */
export type Intaken = "begun" | "queued" | ApiError;

export interface UsedSession extends Omit<SessionState, "state"> {
  sessionId: string;
  isNew: boolean;
}

/** Stores messages and their requests. */
export interface Intake {
  /** What a turn does while another message of its session is answered. */
  onBusyOf(turn: Turn): OnBusy;
  ownerOf(turn: Turn): Owner;
  /** Webhook for an answer in the background. */
  targetOf(turn: Turn): string | null;
  /**
   * Checks that a session may be used, or makes an id for a new one.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND` when it is another user's
   */
  sessionFor(turn: Turn): Promise<UsedSession>;
  /**
   * Stores the message, and its request in the queue. One that may not wait is refused, and what it asks of the request
   * before it is noted in the same transaction (docs/spec/formation-api.md "Queued messages").
   *
   * @param session.isBehind Whether it waits for another request of the session.
   * @param webhookUrl Webhook that gets the answer.
   */
  enqueue(
    turn: Turn,
    session: Pick<UsedSession, "sessionId" | "turns" | "open"> & { isBehind: boolean },
    webhookUrl: string | null,
  ): Promise<Exclude<Intaken, "begun">>;
  /** Puts a request that has failed into the queue once more. Its message is stored already. */
  again(turn: Turn, failed: StoredRequest, webhookUrl: string | null): Promise<Exclude<Intaken, "begun">>;
  /**
   * Stores the message, and its request as begun by this process; `queued` if another message has come since the session
   * had `turns` of them.
   */
  begin(
    turn: Turn,
    session: { sessionId: string; turns: number },
    lease: Lease,
    also: readonly Statement[],
  ): Promise<Intaken>;
  /** Stores the answer to a question, with which its request continues, unless another answer came first. */
  goOn(turn: Turn, sessionId: string, lease: Lease, also: readonly Statement[]): Promise<Intaken>;
  /**
   * Stores the answer to what a request waits for, which goes on with it in its journal.
   *
   * @param given.said What the user said, as a message of the session.
   * @param given.also What is written in the same transaction.
   */
  goOnIn(
    asking: StoredRequest,
    given: {
      place: string;
      answer: GivenAnswer;
      said: Turn | undefined;
      also: readonly Statement[];
    },
  ): Promise<Exclude<Intaken, "begun">>;
  /**
   * The request of a concurrent call with the same idempotency key, if that was the reason.
   *
   * @throws ApiError `IDEMPOTENCY_KEY_REUSED`
   */
  sameAs(turn: Turn, refusal: ApiError): Promise<StoredRequest | undefined>;
  /** The same as statements, for another transaction. */
  statements(turn: Turn, sessionId: string): Statement[];
}

const notFound = (sessionId: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Session '${sessionId}' not found: leave session_id out for a new one`);

/** Requests of one session that may wait or be answered at a time. */
const mostOpen = 100;

const sessionBusy = (sessionId: string) =>
  new ApiError(
    "SESSION_BUSY",
    `Session '${sessionId}' is at work on another message: wait for its end, or let on_busy be enqueue, interrupt or steer`,
  );

const sessionFull = (sessionId: string) =>
  new ApiError(
    "RATE_LIMITED",
    `Session '${sessionId}' has ${mostOpen} messages that are not answered yet: wait, or delete some of its queue`,
    { retryAfter: 5 },
  );

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

  const request = (turn: Turn, sessionId: string, webhookUrl: string | null) => ({
    id: turn.requestId,
    sessionId,
    kind: turn.kind ?? "chat",
    webhookUrl,
    idempotency: turn.idempotency,
    now: now(),
  });

  const queued = (turn: Turn, sessionId: string, webhookUrl: string | null): Statement =>
    requests.insert(ownerOf(turn), { ...request(turn, sessionId, webhookUrl), input: inputOf(turn) });

  const intaken = async <Result extends Intaken>(
    { requestId }: Pick<Turn, "requestId">,
    write: () => Promise<Result | ApiError>,
  ): Promise<Result | ApiError> => {
    try {
      return await write();
    } catch (error) {
      return requests.isUniqueViolation(error) ? knownRequest(requestId) : unavailable("The message", error);
    }
  };

  const onBusyOf = ({ kind = "chat", onBusy }: Turn): OnBusy =>
    onBusy ?? (kind === "chat" ? settings.onBusy : "enqueue");

  const enqueue: Intake["enqueue"] = (turn, { sessionId, turns, open, isBehind }, webhookUrl) =>
    intaken<"queued">(turn, async () => {
      const onBusy = onBusyOf(turn);
      if (isBehind && onBusy === "reject") return sessionBusy(sessionId);
      if (open >= mostOpen) return sessionFull(sessionId);
      const owner = ownerOf(turn);
      const row = queued({ ...turn, onBusy }, sessionId, webhookUrl);
      const message = userMessage(turn);
      if (onBusy === "reject") {
        const isNext = await sessions.appendNext(owner, { id: sessionId, turns }, message, [row]);
        return isNext ? "queued" : sessionBusy(sessionId);
      }
      const asking = onBusy === "enqueue" ? [] : [requests.ask(owner, sessionId, onBusy)];
      const isStored = await sessions.append(owner, sessionId, message, [row, ...asking]);
      return isStored ? "queued" : notFound(sessionId);
    });

  return {
    onBusyOf,
    ownerOf,
    targetOf,

    async sessionFor(turn) {
      const { sessionId } = turn;
      if (sessionId === undefined) {
        return { sessionId: newId("session"), isNew: true, turns: 0, asks: false, open: 0 };
      }
      const { state, ...session } = await sessions.stateFor(ownerOf(turn), sessionId);
      if (state === "foreign") throw notFound(sessionId);
      return { sessionId, isNew: state === "new", ...session };
    },

    enqueue,

    again: (turn, { id, sessionId }, webhookUrl) =>
      intaken<"queued">(turn, async () => {
        const { idempotency } = turn;
        const call = { id, sessionId, input: inputOf(turn), webhookUrl, now: now() };
        if (idempotency) await requests.again(ownerOf(turn), { ...call, idempotency });
        return "queued";
      }),

    begin: (turn, { sessionId, turns }, lease, also) =>
      intaken<Intaken>(turn, async () => {
        const owner = ownerOf(turn);
        const row = requests.begin(owner, { ...request(turn, sessionId, null), lease });
        const session = { id: sessionId, turns };
        const isNext = await sessions.appendNext(owner, session, userMessage(turn), [row, ...also]);
        return isNext ? "begun" : enqueue(turn, { sessionId, turns, open: 0, isBehind: true }, null);
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

    goOnIn(asking, { place, answer, said, also }) {
      const { id, sessionId, userId } = asking;
      return intaken<"queued">({ requestId: id }, async () => {
        const owner = { formationId, userId };
        const { questions, interrupt } = questionOf(asking);
        const earlier = turnOf(asking);
        const { content } = userMessage(earlier);
        const call = {
          sessionId,
          asked: asking.log,
          place,
          answer: JSON.stringify(answer),
          input: inputOf({
            ...earlier,
            goesOn: true,
            messageSeq:
              earlier.messageSeq ?? (await sessions.numberOf(owner, sessionId, { requestId: id, content })),
            questions: interrupt && !isQuestion(interrupt) ? earlier.questions : questions,
          }),
          idempotency: said?.idempotency,
          now: now(),
        };
        const message = said
          ? sessions.adding(owner, sessionId, { ...userMessage(said), requestId: id })
          : [];
        const isAnswered = await requests.goOn(owner, id, call, [...message, ...also]);
        return isAnswered ? "queued" : notAsked(id);
      });
    },

    async sameAs(turn, refusal) {
      if (refusal.code !== "CONFLICT" || !turn.idempotency) return undefined;
      const earlier = await register.earlier(turn, ownerOf(turn));
      return earlier && "repeats" in earlier ? earlier.repeats : undefined;
    },

    statements: (turn, sessionId) => [
      ...sessions.adding(ownerOf(turn), sessionId, userMessage(turn)),
      queued(turn, sessionId, targetOf(turn)),
    ],
  };
};
