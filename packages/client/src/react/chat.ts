import { type ChatPayload, type ChatStream, MuxiError } from "muxi-client";
import { fieldsOf, newRequestId } from "../http/index.ts";
import {
  type ChatMessage,
  createStore,
  type PendingAnswer,
  type SentMessage,
  type UnconfirmedMessage,
} from "./storage.ts";
import { askedId, confirm, extend, merge, settled } from "./transcript.ts";
import type { ChatActions, ChatState, UseChatOptions } from "./types.ts";

/** Milliseconds for which a server knows an idempotency key at least (docs/spec/formation-api.md "Idempotency"). */
const keyKeptFor = 24 * 3_600_000;

/** Messages of the server that are merged with those of the page: at least the turns since it was last open. */
const historySize = 100;

const empty: ChatState = {
  messages: [],
  status: "ready",
  error: undefined,
  interrupt: undefined,
  sessionId: undefined,
};

const underWay = () =>
  new MuxiError("The message was not sent, because an answer is under way: wait for it or stop it", {
    code: "ANSWER_UNDER_WAY",
  });

const nothingToAnswer = () =>
  new MuxiError("Nothing waits for an answer here, or `formation` is no FormationClient, which it needs", {
    code: "NOTHING_TO_ANSWER",
  });

const unknownFate = () =>
  new MuxiError("It is not known any more whether the last message was sent: retry() sends it again", {
    code: "MESSAGE_UNCONFIRMED",
  });

/**
 * A chat without a user interface: its state, its watchers and its actions.
 *
 * @param options Called each time, because a component passes new options with every render.
 */
export const createChat = (options: () => UseChatOptions) => {
  let state = empty;
  /** Whether the component has gone. Before its effects have run it may have sent a message already. */
  let isLeft = false;
  let isLoaded = false;
  /** The answer that is being read. */
  let stream: ChatStream | undefined;
  /** Whether an event of it has arrived: only then is it certain that the server has the message. */
  let hasBegun = false;
  let pending: PendingAnswer | undefined;
  /** The last message as it was sent, for another answer to it. */
  let asked: SentMessage | undefined;
  const watchers = new Set<() => void>();
  const store = () => createStore(options().storage, options().storageKey ?? "muxi-chat");

  const change = (changed: Partial<ChatState>) => {
    const next = { ...state, ...changed };
    state = { ...next, interrupt: next.messages.at(-1)?.interrupt };
    for (const watcher of watchers) watcher();
  };
  const save = () => {
    const { messages, sessionId } = state;
    store().save({ messages, sessionId, pending });
  };
  const fail = (error: unknown) =>
    change({ status: "error", error: error instanceof Error ? error : new Error(String(error)) });

  // Not with the first rendering, which must not differ from that of a server, where there is no storage.
  const load = () => {
    if (isLoaded) return;
    isLoaded = true;
    const stored = store().load();
    if (stored === undefined) return;
    const { messages, sessionId } = stored;
    ({ pending } = stored);
    change({ messages, sessionId });
  };

  /** Whether there is an answer under way, which is then the error. */
  const refuses = (): boolean => {
    load();
    const isBusy = state.status === "submitted" || state.status === "streaming";
    if (isBusy) change({ error: underWay() });
    return isBusy;
  };

  const leave = (answer: ChatStream) => {
    stream = undefined;
    void answer.detach();
    change({ status: "ready" });
  };

  /** Notes with the first event that the server has the message and keeps its answer. */
  const begin = (id: string, { requestId, sessionId }: ChatStream) => {
    hasBegun = true;
    if (sessionId !== undefined) pending = { id, requestId, sessionId };
    change({ messages: confirm(state.messages, id), sessionId: sessionId ?? state.sessionId });
    save();
  };

  /**
   * @param id Of the message that the answer becomes.
   * @param before The messages that it follows. What else is shown gives way to it with its first text.
   */
  const read = async (open: () => ChatStream, id: string, before: readonly ChatMessage[]): Promise<void> => {
    let message: ChatMessage = { id, role: "assistant", text: "" };
    let answer: ChatStream | undefined;
    let failure: unknown;
    hasBegun = false;
    change({ status: "submitted", error: undefined });
    try {
      answer = open();
      stream = answer;
      for await (const events of answer.batches()) {
        if (stream !== answer) return;
        // A component that has gone leaves no earlier: its message might not have left yet.
        if (isLeft) return leave(answer);
        if (!hasBegun) begin(id, answer);
        for (const event of events) {
          message = extend(message, event);
          options().onEvent?.(event);
        }
        const hasContent = message.text !== "" || message.ui !== undefined;
        const messages = hasContent ? [...confirm(before, id), message] : state.messages;
        change({ messages, status: "streaming", sessionId: answer.sessionId ?? state.sessionId });
      }
    } catch (error) {
      failure = error;
    }
    // Another answer has taken its place, or the component has gone.
    if (stream !== answer) return;
    stream = undefined;
    if (!fieldsOf(failure).retryable) pending = undefined;
    if (failure === undefined) change({ status: "ready" });
    else fail(failure);
    if (!isLeft) save();
  };

  /**
   * Sends a message, or sends it again under the same idempotency key, and reads its answer.
   *
   * @param after What is shown in the place of the answer until it comes.
   */
  const post = async (
    sent: UnconfirmedMessage,
    before: readonly ChatMessage[],
    after: readonly ChatMessage[] = [],
  ): Promise<void> => {
    const { request_id: id, message } = sent.payload;
    const messages = [
      ...before,
      { id: askedId(id), role: "user", text: message, unconfirmed: true } as const,
    ];
    pending = { id, unconfirmed: sent };
    asked = sent.payload;
    change({ messages: [...messages, ...after] });
    // Before the request leaves: a page that is reloaded in this moment sends it again, and the server joins the two.
    save();
    await read(() => options().formation.chatStream(sent.payload, { idempotencyKey: id }), id, messages);
  };

  const ask = (
    payload: ChatPayload,
    before: readonly ChatMessage[],
    after?: readonly ChatMessage[],
  ): Promise<void> => {
    const session_id = payload.session_id ?? state.sessionId ?? options().sessionId ?? null;
    const request_id = payload.request_id ?? newRequestId();
    return post({ payload: { ...payload, session_id, request_id }, sentAt: Date.now() }, before, after);
  };

  const askAgain = async (): Promise<void> => {
    const index = state.messages.findLastIndex(({ role }) => role === "user");
    const message = state.messages[index];
    if (message === undefined) return;
    const { request_id, ...payload } = asked ?? { message: message.text, request_id: "" };
    const isKnown = message.id === askedId(request_id);
    const [before, after] = [state.messages.slice(0, index), state.messages.slice(index + 1)];
    await ask(isKnown ? payload : { message: message.text }, before, after);
  };

  /** For an answer whose events the server no longer has: the session has its text. */
  const readHistory = async (sessionId: string, reason: Error | undefined): Promise<void> => {
    const shown = state.messages;
    change({ status: "submitted", error: undefined });
    try {
      const page = await options().formation.getSessionMessages?.({ sessionId, limit: historySize });
      // The chat was cleared meanwhile.
      if (state.messages !== shown) return;
      const stored = page?.messages ?? [];
      change({ messages: merge(shown, stored) });
      if (stored.at(-1)?.role === "assistant") change({ status: "ready" });
      else fail(reason);
      if (!isLeft) save();
    } catch (error) {
      fail(error);
    }
  };

  /** Finds the pending answer again: by its request, or by the idempotency key of its message. */
  const recover = async (answer: PendingAnswer): Promise<void> => {
    const { id } = answer;
    const index = state.messages.findLastIndex((message) => message.id === askedId(id));
    const end = index < 0 ? state.messages.length : index;
    if ("requestId" in answer) {
      const { requestId, sessionId } = answer;
      const before = state.messages.slice(0, end + 1);
      await read(() => options().formation.resumeChat({ requestId, sessionId, after: 0 }), id, before);
      if (fieldsOf(state.error).statusCode === 404) await readHistory(sessionId, state.error);
    } else if (Date.now() - answer.unconfirmed.sentAt < keyKeptFor) {
      await post(answer.unconfirmed, state.messages.slice(0, end), state.messages.slice(end + 1));
    } else {
      pending = undefined;
      fail(unknownFate());
      save();
    }
  };

  const actions: ChatActions = {
    async send(message, more = {}) {
      if (!refuses()) await ask({ ...more, message }, state.messages);
    },
    async answer(given) {
      if (refuses()) return;
      const { interrupt, sessionId } = state;
      const { formation } = options();
      if (!interrupt || sessionId === undefined || !formation.answerRequest) return fail(nothingToAnswer());
      const { id: interruptId, request_id: requestId } = interrupt;
      change({ status: "submitted", error: undefined });
      try {
        await formation.answerRequest({ ...given, requestId, interruptId });
      } catch (error) {
        return fail(error);
      }
      const id = `${requestId}:${interruptId}`;
      pending = { id, requestId, sessionId };
      change({ messages: settled(state.messages) });
      if (given.action === "cancel") pending = undefined;
      save();
      if (pending)
        await read(() => formation.resumeChat({ requestId, sessionId, after: 0 }), id, state.messages);
      else change({ status: "ready" });
    },
    async stop() {
      await stream?.return();
    },
    async resume() {
      if (pending !== undefined && !refuses()) await recover(pending);
    },
    async retry() {
      if (refuses()) return;
      const isAnswered = state.status !== "error" && state.messages.at(-1)?.role === "assistant";
      if (pending !== undefined) await recover(pending);
      else if (!isAnswered) await askAgain();
    },
    async regenerate() {
      if (!refuses()) await askAgain();
    },
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
      isLeft = false;
      load();
      // React's strict mode leaves a component and comes back: a stream that has not begun was not left.
      if (pending !== undefined && state.status === "ready") void recover(pending);
      return () => {
        isLeft = true;
        if (stream !== undefined && hasBegun) leave(stream);
      };
    },
  };
};
