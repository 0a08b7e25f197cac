/** Reads event streams: parses, decodes and resumes them. */
export type { ChatEvent, ChatTextEvent, UnknownEvent, WithText } from "./chat-events.ts";
export { type ChatAnswer, type ChatConnector, type ChatCursor, ChatStream } from "./chat-stream.ts";
export { eventStreamOnly } from "./connection.ts";
export { decodeJson, parseFrame } from "./decode.ts";
export { EventStream } from "./event-stream.ts";
export type { StreamOpening, StreamSettings } from "./source.ts";
