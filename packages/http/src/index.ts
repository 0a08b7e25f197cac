/** HTTP/1.1 from socket to socket: a front that serves plain requests, and a client with keep-alive connections. */
export { asError } from "./as-error.ts";
export { createHttpClient, type HttpClient, type OutgoingRequest, type PendingRequest } from "./client.ts";
export type { FrontContext, OpenResponse, PlainRequest } from "./client-connection.ts";
export { Connections, type Receiver } from "./connections.ts";
export type { ResponseReader } from "./exchange.ts";
export { type Framing, scanBody } from "./framing.ts";
export { type Front, putFrontBefore } from "./front.ts";
export { gunzipped, isGzip } from "./gunzip.ts";
export { headersNamedIn, isHopByHop } from "./hop-by-hop.ts";
export { isHost } from "./host.ts";
export { isLoopback, isLoopbackAddress } from "./loopback.ts";
export { createPlaces, type Places } from "./places.ts";
export { type ProxyChoice, proxyFrom } from "./proxy.ts";
export { type ResponseHead, readResponseHead } from "./response-head.ts";
export { type BackoffOptions, backoff, readRetryAfter } from "./retry.ts";
export { answerUnreadable, type Unreadable } from "./unreadable.ts";
export { BodyTooLongError, sendWhole } from "./whole-response.ts";
