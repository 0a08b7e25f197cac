/** Lets the Vercel AI SDK's `useChat` and its UI kits talk to a formation. */
import type { ChatTransport, UIMessage } from "ai";
import { type ChatEvent, type ChatStream, type FormationClient, NotFoundError } from "muxi-client";
import { chunkStream, decisionIn, formatOf, listOf, type PageTools, payloadOf } from "./ai-sdk/index.ts";
import { fieldsOf, newRequestId } from "./http/index.ts";
import { safeStorage } from "./storage/index.ts";

export { type PageTools, toUIMessages } from "./ai-sdk/index.ts";

/** The part of `Storage` that the transport uses, as `sessionStorage` and `localStorage` have it. */
export type TransportStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Options of `createChatTransport`. */
export interface ChatTransportOptions {
  /** Client for one user: `formation.as("user_123")`, or a `ChatClient`, which is smaller. */
  formation: Pick<FormationClient, "chatStream" | "resumeChat"> &
    Partial<Pick<FormationClient, "answerRequest">>;
  /** Remembers the answer in progress, for `resume` after a reload. Default: the memory of this transport. */
  storage?: TransportStorage | undefined;
  /**
   * Tools of the page, which the agent may call and `onToolCall` answers. Needs a `FormationClient`. Not `execute`, but
   * `addToolOutput` gives their results.
   */
  tools?: PageTools | undefined;
}

/** A transport whose answers go on when their reader leaves. */
export interface FormationChatTransport extends ChatTransport<UIMessage> {
  /**
   * Stops the answer in progress of a chat, on the server too; the text that has arrived stays. The AI SDK's own `stop`
   * only stops reading: it is also called when a component unmounts.
   */
  stop(chatId: string): Promise<void>;
}

const createMemory = (): TransportStorage => {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
};

/**
 * Makes a transport for the AI SDK (package `ai`, 6 or 7). The id of the chat is the id of the session. Only the last
 * message is sent, because the formation keeps the earlier ones. `body` adds to the payload (`agent_id`, …), and its
 * `responseFormat` of `json` with a `schema` asks for a value, which is the part `data-object` as far as it is there. Widgets
 * are parts of the type `data-ui`; what an answer waits for is one of the type `data-interrupt`, and a call that needs a yes is one
 * that `addToolApprovalResponse` answers (with `sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses`,
 * and a `FormationClient`). Calls of the page's `tools` reach `onToolCall`, and with
 * `lastAssistantMessageIsCompleteWithToolCalls` their results the agent. Progress, planning and unknown events reach `onData`.
 *
 * Whatever aborts a stream leaves its answer running, so that `resume` finds it: the AI SDK aborts when a component
 * unmounts, and in React's strict mode. Only `transport.stop(id)` stops it.
 *
 * @example
 * const transport = createChatTransport({ formation: formation.as("user_123"), storage: sessionStorage });
 * const { messages, sendMessage } = useChat({ id, transport, resume: true });
 */
export const createChatTransport = ({
  formation,
  storage: given = createMemory(),
  tools,
}: ChatTransportOptions): FormationChatTransport => {
  const storage = safeStorage(given);
  /** Answers that are being read, by chat. */
  const reading = new Map<string, ChatStream>();
  const keyOf = (chatId: string) => `muxi-chat-${chatId}`;

  // The server names another request than ours when the message answers its question. The message keeps its id.
  const remember = (chatId: string, requestId: string, id: string) =>
    storage.setItem(keyOf(chatId), `${requestId} ${id}`);
  const recall = (chatId: string) => {
    const [requestId, id = requestId] = storage.getItem(keyOf(chatId))?.split(" ") ?? [];
    return requestId === undefined || id === undefined ? undefined : { requestId, id };
  };

  /** Stops an answer that nobody reads here: of the page before a reload, or one that was left. */
  const stopLeft = async (sessionId: string, requestId: string) => {
    const answer = formation.resumeChat({ sessionId, requestId, after: 0 });
    // Only a stream that has been opened is stopped on the server.
    const opening = answer.next();
    await answer.return();
    await opening;
  };

  /** Keeps the answer of a chat while it is read, and its request in the storage until it has ended. */
  const follow = (
    chatId: string,
    answer: ChatStream,
    signal: AbortSignal | undefined,
    id: string,
    first: readonly ChatEvent[] = [],
    inStep = false,
  ) => {
    const isCurrent = () => reading.get(chatId) === answer;
    reading.set(chatId, answer);
    return chunkStream(answer, id, first, signal, inStep, {
      begun: () => isCurrent() && remember(chatId, answer.requestId, id),
      ended(error) {
        if (isCurrent() && !fieldsOf(error).retryable) storage.removeItem(keyOf(chatId));
        if (isCurrent()) reading.delete(chatId);
      },
      left: () => isCurrent() && reading.delete(chatId),
    });
  };

  return {
    resumeStreamIsReplay: true,

    async sendMessages({ chatId, messages, abortSignal, headers, body }) {
      abortSignal?.throwIfAborted();
      const decided = decisionIn(messages);
      if (decided && formation.answerRequest) {
        const { answer, messageId, inStep } = decided;
        await formation.answerRequest(answer);
        const cursor = { sessionId: chatId, requestId: answer.requestId, after: 0 };
        return follow(chatId, formation.resumeChat(cursor), abortSignal, messageId, [], inStep);
      }
      const requestId = newRequestId();
      const { responseFormat, ...more } = fieldsOf(body);
      const payload = {
        ...payloadOf(messages),
        ...(tools && { tools: await listOf(tools) }),
        ...formatOf(responseFormat),
        ...more,
        session_id: chatId,
        request_id: requestId,
      };
      const answer = formation.chatStream(payload, { headers: Object.fromEntries(new Headers(headers)) });
      remember(chatId, requestId, requestId);
      return follow(chatId, answer, abortSignal, requestId);
    },

    async reconnectToStream({ chatId, headers, ...rest }) {
      const stored = recall(chatId);
      if (stored === undefined) return null;
      const { requestId, id } = stored;
      // Early versions of the AI SDK 6 give no signal here.
      const signal = "abortSignal" in rest ? rest.abortSignal : undefined;
      signal?.throwIfAborted();
      const answer = formation.resumeChat(
        { sessionId: chatId, requestId, after: 0 },
        { headers: Object.fromEntries(new Headers(headers)) },
      );
      const leave = () => void answer.detach();
      signal?.addEventListener("abort", leave, { once: true });
      try {
        const { done, value } = await answer.next();
        signal?.throwIfAborted();
        return follow(chatId, answer, signal, id, done ? [] : [value]);
      } catch (error) {
        if (!signal?.aborted && !fieldsOf(error).retryable) storage.removeItem(keyOf(chatId));
        // The server no longer has the events of the answer; the session's messages have its text.
        if (error instanceof NotFoundError) return null;
        throw error;
      } finally {
        signal?.removeEventListener("abort", leave);
      }
    },

    async stop(chatId) {
      const answer = reading.get(chatId);
      const stored = recall(chatId);
      storage.removeItem(keyOf(chatId));
      if (answer !== undefined) await answer.return();
      else if (stored !== undefined) await stopLeft(chatId, stored.requestId);
    },
  };
};
