/** Chats in the terms of the AI SDK. */
export { decisionIn } from "./decision.ts";
export { toUIMessages } from "./messages.ts";
export { formatOf, payloadOf } from "./payload.ts";
export { chunkStream } from "./stream.ts";
export { listOf, type PageTools } from "./tools.ts";
