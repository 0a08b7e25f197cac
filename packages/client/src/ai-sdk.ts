/** Lets the Vercel AI SDK's `useChat` and its UI kits talk to a formation. */
import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import { type ChatEvent, type ChatStream, type FormationClient, NotFoundError } from "muxi-client";
import { createChunker, payloadOf } from "./ai-sdk/index.ts";
import { fieldsOf, newRequestId } from "./http/index.ts";

/** The part of `Storage` that the transport uses, as `sessionStorage` and `localStorage` have it. */
export type TransportStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Options of `createChatTransport`. */
export interface ChatTransportOptions {
  /** Client for one user: `formation.as("user_123")`, or a `ChatClient`, which is smaller. */
  formation: Pick<FormationClient, "chatStream" | "resumeChat">;
  /** Remembers the answer in progress, for `resume` after a reload. Default: the memory of this transport. */
  storage?: TransportStorage | undefined;
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
 * An answer as the AI SDK reads it. Cancelling the stream leaves it without stopping the answer.
 *
 * @param id Id of the message: the same when an answer is read again.
 * @param first Events that have been read already.
 */
const chunkStream = (
  answer: ChatStream,
  id: string,
  first: readonly ChatEvent[],
  ended: (error?: unknown) => void,
): ReadableStream<UIMessageChunk> => {
  const chunksOf = createChunker(id);
  const batches = answer.batches();
  return new ReadableStream<UIMessageChunk>(
    {
      start: (controller) => {
        for (const chunk of first.flatMap(chunksOf)) controller.enqueue(chunk);
      },
      async pull(controller) {
        try {
          const { done, value = [] } = await batches.next();
          for (const chunk of (value ?? []).flatMap(chunksOf)) controller.enqueue(chunk);
          if (!done) return;
          ended();
          controller.close();
        } catch (error) {
          ended(error);
          throw error;
        }
      },
      cancel: () => void answer.detach(),
    },
    { highWaterMark: 0 },
  );
};

/**
 * Makes a transport for the AI SDK (package `ai`, 6 or 7). The id of the chat is the id of the session. Only the last
 * message is sent, because the formation keeps the earlier ones. `body` adds to the payload (`agent_id`, …). Widgets
 * are parts of the type `data-ui`; progress, planning and unknown events reach `onData`.
 *
 * @example
 * const transport = createChatTransport({ formation: formation.as("user_123"), storage: sessionStorage });
 * const { messages, sendMessage } = useChat({ id, transport, resume: true });
 */
export const createChatTransport = ({
  formation,
  storage = createMemory(),
}: ChatTransportOptions): ChatTransport<UIMessage> => {
  const keyOf = (chatId: string) => `muxi-chat-${chatId}`;
  const endOf = (chatId: string) => (error?: unknown) => {
    if (!fieldsOf(error).retryable) storage.removeItem(keyOf(chatId));
  };

  return {
    resumeStreamIsReplay: true,

    async sendMessages({ chatId, messages, abortSignal, headers, body }) {
      const requestId = newRequestId();
      const payload = { ...payloadOf(messages), ...body, session_id: chatId, request_id: requestId };
      const options = { signal: abortSignal, headers: Object.fromEntries(new Headers(headers)) };
      const answer = formation.chatStream(payload, options);
      storage.setItem(keyOf(chatId), requestId);
      return chunkStream(answer, requestId, [], endOf(chatId));
    },

    async reconnectToStream({ chatId, headers, ...rest }) {
      const requestId = storage.getItem(keyOf(chatId));
      if (requestId === null) return null;
      // AI SDK 6 gives no signal here.
      const signal = "abortSignal" in rest ? rest.abortSignal : undefined;
      const answer = formation.resumeChat(
        { sessionId: chatId, requestId, after: 0 },
        { signal, headers: Object.fromEntries(new Headers(headers)) },
      );
      try {
        const { done, value } = await answer.next();
        return chunkStream(answer, requestId, done ? [] : [value], endOf(chatId));
      } catch (error) {
        endOf(chatId)(error);
        // The server no longer has the events of the answer; the session's messages have its text.
        if (error instanceof NotFoundError) return null;
        throw error;
      }
    },
  };
};
