import type { ChatEvent, ChatPayload, ChatStream, FormationClient } from "muxi-client";
import { type ChatStorage, createStore, type StoredChat } from "./storage.ts";

/** One side's turn in a chat. */
export interface ChatMessage {
  /** Unique in the chat: a key for the list that shows it. */
  id: string;
  /** Who said it. */
  role: "user" | "assistant" | "system";
  /** The text as far as it has come. */
  text: string;
  /** Widgets to show with the text (docs/spec/formation-api.md "Chat events"). */
  ui?: Record<string, unknown>[];
}

/** `submitted`: sent, nothing has come back yet. */
export type ChatStatus = "ready" | "submitted" | "streaming" | "error";

/** What a page shows of a chat. */
export interface ChatState {
  /** Oldest first; the last one grows while the status is `streaming`. */
  messages: readonly ChatMessage[];
  /** How the chat stands. */
  status: ChatStatus;
  /** Why the last answer failed, while the status is `error`. */
  error: Error | undefined;
  /** Known once the server has said it. */
  sessionId: string | undefined;
}

/** What `useChat` needs. */
export interface UseChatOptions {
  /** Whom to talk to, as one user: `formation.as("user_123")`, or a `ChatClient`, which is smaller. */
  formation: Pick<FormationClient, "chatStream" | "resumeChat"> &
    Partial<Pick<FormationClient, "getSessionMessages">>;
  /** Where the chat outlives a reload, such as `sessionStorage`. Default: nowhere. */
  storage?: ChatStorage | undefined;
  /** Name of the chat in the storage. Default `muxi-chat`. */
  storageKey?: string | undefined;
  /** Session to go on with, where the storage has none. */
  sessionId?: string | undefined;
  /** Sees every event, also those that are no text: progress, tool calls, `done`. */
  onEvent?: ((event: ChatEvent) => void) | undefined;
}

/** What one can do with a chat. No promise of it rejects: what fails becomes the `error`. */
export interface ChatActions {
  /** Sends a message; resolves when the answer has ended. Throws while another answer is under way. */
  send(message: string, more?: Omit<ChatPayload, "message">): Promise<void>;
  /** Stops the answer, on the server too. What has come of it stays. */
  stop(): Promise<void>;
  /** Goes on with an answer that broke off, from its beginning. */
  resume(): Promise<void>;
  /** Forgets messages and session, here and in the storage. */
  clear(): Promise<void>;
}

const empty: ChatState = { messages: [], status: "ready", error: undefined, sessionId: undefined };

/** The message with what an event adds to it. */
const extend = (message: ChatMessage, event: ChatEvent): ChatMessage => {
  switch (event.type) {
    case "text":
      return { ...message, text: event.replace ? event.text : message.text + event.text };
    case "ui":
      return { ...message, ui: [...(message.ui ?? []), ...event.ui] };
    // No part of a message: `onEvent` sees them.
    case "progress":
    case "thinking":
    case "planning":
    case "tool_call":
    case "tool_result":
    case "done":
    case "unknown":
      return message;
    default:
      // A kind that is added to the wire does not compile until it has its case.
      event satisfies never;
      return message;
  }
};

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const hasField = <Name extends string>(error: unknown, name: Name): error is Record<Name, unknown> =>
  typeof error === "object" && error !== null && name in error;

/**
 * A chat without a screen: its state, who watches it, and what can be done with it.
 *
 * @param options Asked anew each time, because a component gives others with every render.
 */
export const createChat = (options: () => UseChatOptions) => {
  let state = empty;
  /** The answer that is being read. */
  let stream: ChatStream | undefined;
  /** Where to begin again with an answer whose end has not come. */
  let pending: StoredChat["pending"];
  const watchers = new Set<() => void>();
  const store = () => createStore(options().storage, options().storageKey ?? "muxi-chat");

  const change = (changed: Partial<ChatState>) => {
    state = { ...state, ...changed };
    for (const watcher of watchers) watcher();
  };

  /** @param before The messages that the answer follows. */
  const read = async (answer: ChatStream, before: readonly ChatMessage[]): Promise<void> => {
    let message: ChatMessage = { id: answer.requestId, role: "assistant", text: "" };
    const save = () => store().save({ messages: before, sessionId: state.sessionId, pending });
    stream = answer;
    change({ messages: before, status: "submitted", error: undefined });
    save();
    let failure: Error | undefined;
    try {
      for await (const events of answer.batches()) {
        for (const event of events) {
          message = extend(message, event);
          options().onEvent?.(event);
        }
        const messages = message.text || message.ui ? [...before, message] : before;
        change({ messages, status: "streaming", sessionId: answer.sessionId ?? state.sessionId });
        if (pending === undefined && answer.cursor !== undefined) {
          pending = { ...answer.cursor, after: 0 };
          save();
        }
      }
    } catch (error) {
      failure = asError(error);
    }
    // Someone else took over, or nobody is there any more.
    if (stream !== answer) return;
    stream = undefined;
    if (!hasField(failure, "retryable") || !failure.retryable) pending = undefined;
    change(failure === undefined ? { status: "ready" } : { status: "error", error: failure });
    if (pending === undefined) store().save({ messages: state.messages, sessionId: state.sessionId });
  };

  /** The server has forgotten the events of an answer; the session has its text. */
  const readHistory = async (sessionId: string): Promise<void> => {
    const page = await options().formation.getSessionMessages?.({ sessionId });
    if (page === undefined) return;
    const messages = page.messages.map(({ id, role, content }) => ({ id, role, text: content }));
    change({ messages, status: "ready", error: undefined });
    store().save({ messages, sessionId });
  };

  const resume = async (): Promise<void> => {
    if (pending === undefined || stream !== undefined) return;
    const { sessionId } = pending;
    // What had come of the answer is replaced.
    const before = state.messages.at(-1)?.role === "assistant" ? state.messages.slice(0, -1) : state.messages;
    await read(options().formation.resumeChat(pending), before);
    if (!hasField(state.error, "statusCode") || state.error.statusCode !== 404) return;
    await readHistory(sessionId).catch((error) => change({ status: "error", error: asError(error) }));
  };

  const actions: ChatActions = {
    async send(message, more = {}) {
      if (stream !== undefined) throw new Error("An answer is under way: wait for it or stop it");
      const sessionId = more.session_id ?? state.sessionId ?? options().sessionId ?? null;
      const answer = options().formation.chatStream({ ...more, message, session_id: sessionId });
      pending = undefined;
      const asked: ChatMessage = { id: `${answer.requestId}:user`, role: "user", text: message };
      await read(answer, [...state.messages, asked]);
    },
    async stop() {
      await stream?.return();
    },
    resume,
    async clear() {
      const left = stream;
      stream = undefined;
      pending = undefined;
      change(empty);
      store().clear();
      await left?.return();
    },
  };

  return {
    actions,
    state: () => state,
    watch: (watcher: () => void) => {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    /** Takes the chat out of the storage, once, and goes on with its answer. Gives the function that leaves it. */
    open: () => {
      const stored = state === empty ? store().load() : undefined;
      if (stored !== undefined) {
        const { messages, sessionId } = stored;
        ({ pending } = stored);
        change({ messages, sessionId });
      }
      void resume();
      return () => {
        const left = stream;
        stream = undefined;
        left?.detach();
        if (left !== undefined && pending === undefined) change({ status: "ready" });
      };
    },
  };
};
