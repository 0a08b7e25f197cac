/** Requests to formations: `/api`, `/draft` and `/mcp`, passed on as they stream. */
export * from "./proxy.ts";
export type { ProxyKind } from "./target.ts";
