/** Requests to formations: `/api`, `/draft` and `/mcp`, passed on as they stream. */
export { requestIdOf } from "./headers.ts";
export * from "./proxy.ts";
export type { ProxyKind } from "./target.ts";
