/** Chats in the terms of the AI SDK. */
export { createChunker } from "./chunks.ts";
export { payloadOf } from "./payload.ts";
