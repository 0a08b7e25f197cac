/**
 * HTTP/1.1 from socket to socket. A front takes plain requests as they come and leaves all others to Node's server; a
 * client sends requests over connections that it keeps.
 */
export type { AnswerHead } from "./answer-head.ts";
export { readAnswerHead } from "./answer-head.ts";
export { type Call, createHttpClient, type HttpClient, type OutgoingRequest } from "./client.ts";
export type { FrontContext, PlainRequest, Work } from "./client-connection.ts";
export { Connections, type Receiver } from "./connections.ts";
export type { AnswerReader } from "./exchange.ts";
export { type Framing, follow } from "./framing.ts";
export { type Front, putFrontBefore } from "./front.ts";
export { isHopByHop, namedIn } from "./hop-by-hop.ts";
