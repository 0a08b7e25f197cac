import { corsHeaders, preflightHeaders } from "../base/cors.ts";
import type { SortedHeaders } from "./headers.ts";

type Seen = SortedHeaders["seen"];

/** Whether a page asks if it may send a request. */
export const isPreflight = (method: string, seen: Seen): boolean =>
  method === "OPTIONS" && seen.has("origin") && seen.has("access-control-request-method");

/**
 * Headers that let a page read what the server answers in a formation's place, as the formation would
 * (docs/spec/formation-api.md "Cross-origin requests"): alternating names and values.
 */
export const pageHeaders = (seen: Seen): readonly string[] => {
  const origin = seen.get("origin");
  if (origin === undefined) return Object.entries(corsHeaders).flat();
  return [
    ...["access-control-allow-origin", origin],
    ...["access-control-allow-credentials", "true"],
    ...["access-control-expose-headers", corsHeaders["access-control-expose-headers"]],
    ...["vary", "origin"],
  ];
};

/** The same for a preflight request. It may not be remembered: the formation might answer otherwise. */
export const permissions = (seen: Seen): readonly string[] => [
  ...pageHeaders(seen),
  ...["access-control-allow-methods", preflightHeaders["access-control-allow-methods"]],
  ...["access-control-allow-headers", seen.get("access-control-request-headers") ?? "*"],
  ...["access-control-max-age", "0"],
];
