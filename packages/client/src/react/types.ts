import type { ChatEvent, ChatPayload, FormationClient } from "muxi-client";
import type { ChatMessage, ChatStorage, PendingInterrupt } from "./storage.ts";

/** State of a chat. `submitted`: the message was sent, and nothing has arrived yet. */
export type ChatStatus = "ready" | "submitted" | "streaming" | "error";

/** What a page shows. */
export interface ChatState {
  /** Oldest first; the last one grows while the status is `streaming`. */
  messages: readonly ChatMessage[];
  /** State of the chat. */
  status: ChatStatus;
  /**
   * Why the last answer failed, while the status is `error`; or why a message was refused that was sent during an
   * answer. Undefined again with the next message.
   */
  error: Error | undefined;
  /** What the last answer waits for: a question or an approval. Undefined when it waits for nothing. */
  interrupt: PendingInterrupt | undefined;
  /** Session of the chat; undefined until the server has named it. */
  sessionId: string | undefined;
}

/** Options of `useChat`. */
export interface UseChatOptions {
  /** Client for one user: `formation.as("user_123")`, or a `ChatClient`, which is smaller. */
  formation: Pick<FormationClient, "chatStream" | "resumeChat"> &
    Partial<Pick<FormationClient, "getSessionMessages" | "answerRequest">>;
  /** Where the chat is kept over a reload, such as `sessionStorage`. Default: nowhere. */
  storage?: ChatStorage | undefined;
  /** Name of the chat in the storage. Default `muxi-chat`. */
  storageKey?: string | undefined;
  /** Session to continue when the storage has none. */
  sessionId?: string | undefined;
  /** Called with every event, also those without text: progress, tool calls, `done`. */
  onEvent?: ((event: ChatEvent) => void) | undefined;
}

/** What is said to what a request waits for. */
export type InterruptAnswer = Omit<
  Parameters<FormationClient["answerRequest"]>[0],
  "requestId" | "interruptId" | "userId"
>;

/** Actions on a chat. Their promises do not reject: what fails becomes the `error`. */
export interface ChatActions {
  /**
   * Sends a message; resolves when the answer has ended. While another answer is under way nothing is sent, and the
   * `error` says so.
   */
  send(message: string, more?: Omit<ChatPayload, "message">): Promise<void>;
  /**
   * Answers what the last answer waits for, and reads on. A message that is sent answers it, too, in words. Needs a
   * `FormationClient`.
   */
  answer(given: InterruptAnswer): Promise<void>;
  /** Stops the answer, on the server too. The text that has arrived stays. */
  stop(): Promise<void>;
  /** Reads an answer that broke off again, from its beginning. */
  resume(): Promise<void>;
  /** After an `error`: resumes the answer where that is possible, and otherwise asks again. */
  retry(): Promise<void>;
  /** Sends the last message again, for an answer in the place of the one that it has. */
  regenerate(): Promise<void>;
  /** Forgets messages and session, here and in the storage. */
  clear(): Promise<void>;
}
