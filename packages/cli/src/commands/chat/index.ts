/** `muxi chat`: a single message, or a conversation. */
export { type ChatOptions, chat } from "./chat.ts";
