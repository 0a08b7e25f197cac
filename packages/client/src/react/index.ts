/** The state of a chat, without React, and where it is stored. */
export {
  type ChatActions,
  type ChatState,
  type ChatStatus,
  createChat,
  type UseChatOptions,
} from "./chat.ts";
export type { ChatMessage, ChatStorage } from "./storage.ts";
