/** `muxi chat`: one question, or a conversation. */
export { type ChatOptions, chat } from "./chat.ts";
