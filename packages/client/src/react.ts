/** A chat with a formation as React state. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type ChatActions, type ChatState, createChat, type UseChatOptions } from "./react/index.ts";

export type {
  ChatActions,
  ChatMessage,
  ChatState,
  ChatStatus,
  ChatStorage,
  InterruptAnswer,
  PendingInterrupt,
  UseChatOptions,
} from "./react/index.ts";

/** A chat as a component sees it. */
export type Chat = ChatState & ChatActions;

/**
 * A chat with a formation: messages that grow as the answer arrives, and functions that never change.
 *
 * With a `storage` the chat survives a reload, whenever it happens: an answer in progress is resumed, and a message that
 * the server has not confirmed is sent again under its idempotency key, so that it counts once. When the component
 * unmounts, the answer goes on on the server; `stop()` ends it. Give the component another `key` to begin another chat.
 *
 * @example
 * function Talk() {
 *   const { messages, status, error, send, stop } = useChat({ formation, storage: sessionStorage });
 *   return (
 *     <form action={(form) => send(String(form.get("message")))}>
 *       {messages.map(({ id, role, text }) => <p key={id}>{role}: {text}</p>)}
 *       {error && <p>{error.message}</p>}
 *       <input name="message" />
 *       {status === "streaming" ? <button type="button" onClick={stop}>Stop</button> : <button>Send</button>}
 *     </form>
 *   );
 * }
 */
export const useChat = (options: UseChatOptions): Chat => {
  const latest = useRef(options);
  const [chat] = useState(() => createChat(() => latest.current));
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => chat.open(), [chat]);
  const state = useSyncExternalStore(chat.watch, chat.state, chat.state);
  return { ...state, ...chat.actions };
};
