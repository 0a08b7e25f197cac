/** Chats in the terms of the AI SDK. */
export { decisionIn } from "./approval.ts";
export { toUIMessages } from "./messages.ts";
export { payloadOf } from "./payload.ts";
export { chunkStream } from "./stream.ts";
