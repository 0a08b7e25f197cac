import type { ChatEvent, ChatPayload, ChatStream, FormationClient } from "muxi-client";
import { fieldsOf } from "../http/index.ts";
import { type ChatMessage, type ChatStorage, createStore, type StoredChat } from "./storage.ts";

/** State of a chat. `submitted`: the message was sent, and nothing has arrived yet. */
export type ChatStatus = "ready" | "submitted" | "streaming" | "error";

/** What a page shows. */
export interface ChatState {
  /** Oldest first; the last one grows while the status is `streaming`. */
  messages: readonly ChatMessage[];
  /** State of the chat. */
  status: ChatStatus;
  /** Why the last answer failed, while the status is `error`. */
  error: Error | undefined;
  /** Session of the chat; undefined until the server has named it. */
  sessionId: string | undefined;
}

/** Options of `useChat`. */
export interface UseChatOptions {
  /** Client for one user: `formation.as("user_123")`, or a `ChatClient`, which is smaller. */
  formation: Pick<FormationClient, "chatStream" | "resumeChat"> &
    Partial<Pick<FormationClient, "getSessionMessages">>;
  /** Where the chat is kept over a reload, such as `sessionStorage`. Default: nowhere. */
  storage?: ChatStorage | undefined;
  /** Name of the chat in the storage. Default `muxi-chat`. */
  storageKey?: string | undefined;
  /** Session to continue when the storage has none. */
  sessionId?: string | undefined;
  /** Called with every event, also those without text: progress, tool calls, `done`. */
  onEvent?: ((event: ChatEvent) => void) | undefined;
}

/** Actions on a chat. Their promises do not reject when an answer fails: the failure becomes the `error`. */
export interface ChatActions {
  /** Sends a message; resolves when the answer has ended. Throws while another answer is under way. */
  send(message: string, more?: Omit<ChatPayload, "message">): Promise<void>;
  /** Stops the answer, on the server too. The text that has arrived stays. */
  stop(): Promise<void>;
  /** Reads an answer that broke off again, from its beginning. */
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
    // These are not part of a message; `onEvent` gets them.
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

/**
 * A chat without a user interface: its state, its watchers and its actions.
 *
 * @param options Called each time, because a component passes new options with every render.
 */
export const createChat = (options: () => UseChatOptions) => {
  let state = empty;
  /** The answer that is being read. */
  let stream: ChatStream | undefined;
  /** Beginning of an answer whose end has not arrived. */
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
    // Another answer has taken its place, or the component is gone.
    if (stream !== answer) return;
    stream = undefined;
    if (!fieldsOf(failure).retryable) pending = undefined;
    change(failure === undefined ? { status: "ready" } : { status: "error", error: failure });
    if (pending === undefined) store().save({ messages: state.messages, sessionId: state.sessionId });
  };

  /** For an answer whose events the server no longer has: the session has its text. */
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
    // The part of the answer that had arrived is replaced.
    const before = state.messages.at(-1)?.role === "assistant" ? state.messages.slice(0, -1) : state.messages;
    await read(options().formation.resumeChat(pending), before);
    if (fieldsOf(state.error).statusCode !== 404) return;
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
    /** Loads the chat from the storage, once, and resumes its answer. Returns a function that leaves the chat. */
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
