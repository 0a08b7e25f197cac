/** What the methods of a formation's clients are made with: the caller, chats and endpoints. */
export { dataOf, type FormationCall, type ForUser, responseOf } from "./caller.ts";
export { ChatClient } from "./chat-client.ts";
export {
  askStream,
  askWhole,
  type ChatPayload,
  type StreamPayload,
  watch,
} from "./chats.ts";
export type { FormationClientOptions } from "./config.ts";
export {
  type Access,
  access,
  asyncMethod,
  bareEndpoint,
  endpoint,
  type HasCaller,
  pagedEndpoint,
  pagesOf,
  streamMethod,
} from "./endpoints.ts";
export { follow } from "./feed.ts";
export { ObjectStream, type PartialObject } from "./object-stream.ts";
export type * from "./schema-types.ts";
