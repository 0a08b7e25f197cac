/** Requests to formations: `/api`, `/draft` and `/mcp`, passed on as they stream. */
export { clientLeft } from "./forwarding.ts";
export type { TrackRequest } from "./front.ts";
export { requestIdOf } from "./headers.ts";
export { createProxy, type Proxy } from "./proxy.ts";
export type { ProxyKind } from "./target.ts";
export { hasBody } from "./undici-carrier.ts";
