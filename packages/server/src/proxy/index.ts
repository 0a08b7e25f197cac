/** Requests to formations: `/api`, `/draft` and `/mcp`, passed on as they stream. */

export { clientLeft, type TrackRequest } from "./front.ts";
export { requestIdOf } from "./headers.ts";
export * from "./proxy.ts";
export type { ProxyKind } from "./target.ts";
export { hasBody } from "./undici-carrier.ts";
