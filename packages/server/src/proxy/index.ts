/** Requests to formations: `/api`, `/draft` and `/mcp`, passed on as they stream. */
export { hasBody } from "./exchange.ts";
export { clientLeft, type TrackRequest } from "./front.ts";
export { requestIdOf } from "./headers.ts";
export * from "./proxy.ts";
export type { ProxyKind } from "./target.ts";
