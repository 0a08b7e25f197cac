/** The proxy: forwards `/api`, `/draft` and `/mcp` to formations, streaming both ways. */
export { clientLeft } from "./forwarding.ts";
export type { TrackRequest } from "./front.ts";
export { requestIdOf } from "./headers.ts";
export { createProxy } from "./proxy.ts";
export type { ProxyKind } from "./target.ts";
export { hasBody } from "./undici-carrier.ts";
