/** The state of a chat, without React, and where it is stored. */
export { createChat } from "./chat.ts";
export type { ChatMessage, ChatStorage, PendingInterrupt } from "./storage.ts";
export type { ChatActions, ChatState, ChatStatus, InterruptAnswer, UseChatOptions } from "./types.ts";
