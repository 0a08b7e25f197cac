import type { ChatPayload, Citation, Interrupt } from "muxi-client";
import { type Fields, fieldsOf, isObject, parseJson } from "../http/index.ts";
import { safeStorage } from "../storage/index.ts";

/** What a request waits for before it goes on, with the id of the request. */
export type PendingInterrupt = Interrupt & {
  /** Request that waits. */
  request_id: string;
};

/** A message of a chat. */
export interface ChatMessage {
  /** Unique in the chat: a key for the list that shows it. */
  id: string;
  /** Who said it. */
  role: "user" | "assistant" | "system";
  /** The text that has arrived so far. */
  text: string;
  /** Widgets to show with the text (docs/spec/formation-api.md "Chat events"). */
  ui?: Record<string, unknown>[];
  /** Passages of documents that an answer rests on; absent while none are known. */
  citations?: Citation[];
  /** What its request waits for, until it is answered. */
  interrupt?: PendingInterrupt;
  /** True while the server has not confirmed a message of the user: it is on its way, or could not be sent. */
  unconfirmed?: true;
}

/** The part of `Storage` that a chat uses, as `sessionStorage` and `localStorage` have it. */
export type ChatStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A message as it is sent: with the id of its request, which is also its idempotency key. */
export type SentMessage = ChatPayload & { request_id: string };

/** What was sent, until the server has said that it has it. */
export interface UnconfirmedMessage {
  payload: SentMessage;
  /** Unix milliseconds. */
  sentAt: number;
}

/**
 * An answer whose end has not arrived: what finds it again. Its `id` is that of the request as it was sent; the server
 * may have added the message to an earlier request, which had asked for it.
 */
export type PendingAnswer = { id: string } & (
  | { requestId: string; sessionId: string }
  | { unconfirmed: UnconfirmedMessage }
);

/** A chat as it is stored. */
export interface StoredChat {
  messages: readonly ChatMessage[];
  sessionId?: string | undefined;
  pending?: PendingAnswer | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const isRole = (value: unknown): value is ChatMessage["role"] =>
  value === "user" || value === "assistant" || value === "system";

/** What they say inside is the server's word. */
const isCitation = (value: unknown): value is Citation => isObject(value);

const isInterrupt = (value: unknown): value is PendingInterrupt => {
  const { id, request_id } = fieldsOf(value);
  return typeof id === "string" && typeof request_id === "string";
};

/** No message unless the value is one: a transcript with a hole is better than a page that does not open. */
const messagesIn = (value: unknown): ChatMessage[] => {
  const { id, role, text, ui, citations, interrupt, unconfirmed } = fieldsOf(value);
  if (typeof id !== "string" || typeof text !== "string" || !isRole(role)) return [];
  const widgets = Array.isArray(ui) && { ui: ui.filter(isObject) };
  const cited = Array.isArray(citations) && { citations: citations.filter(isCitation) };
  const asked = isInterrupt(interrupt) && { interrupt };
  return [{ id, role, text, ...widgets, ...cited, ...asked, ...(unconfirmed === true && { unconfirmed }) }];
};

const isSent = (value: unknown): value is SentMessage => {
  const { message, request_id } = fieldsOf(value);
  return typeof message === "string" && typeof request_id === "string";
};

// The payload stays the same object: with its fields in another order it would be another body to the server.
const unconfirmedIn = (value: unknown): UnconfirmedMessage | undefined => {
  const { payload, sentAt } = fieldsOf(value);
  return isSent(payload) && typeof sentAt === "number" ? { payload, sentAt } : undefined;
};

const pendingIn = (value: unknown): PendingAnswer | undefined => {
  const { id, requestId, sessionId, unconfirmed } = fieldsOf(value);
  if (typeof id !== "string") return undefined;
  if (typeof requestId === "string" && typeof sessionId === "string") return { id, requestId, sessionId };
  const sent = unconfirmedIn(unconfirmed);
  return sent && { id, unconfirmed: sent };
};

const chatIn = ({ messages, sessionId, pending }: Fields): StoredChat | undefined =>
  Array.isArray(messages)
    ? { messages: messages.flatMap(messagesIn), sessionId: textOf(sessionId), pending: pendingIn(pending) }
    : undefined;

export const createStore = (given: ChatStorage | undefined, key: string) => {
  const storage = safeStorage(given);
  return {
    /** What the key holds; undefined when it is no chat, which then begins anew. */
    load(): StoredChat | undefined {
      const text: unknown = storage.getItem(key);
      return typeof text === "string" ? chatIn(fieldsOf(parseJson(text))) : undefined;
    },
    save: (chat: StoredChat): void => storage.setItem(key, JSON.stringify(chat)),
    clear: (): void => storage.removeItem(key),
  };
};
