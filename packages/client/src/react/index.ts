/** The state of a chat, without React, and where it is stored. */
export { createChat } from "./chat.ts";
export type { ChatMessage, ChatStorage } from "./storage.ts";
export type { ChatActions, ChatState, ChatStatus, UseChatOptions } from "./types.ts";
