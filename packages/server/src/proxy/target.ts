import { formationIdPattern } from "@muxi/protocol";

export type ProxyKind = "api" | "draft" | "mcp";

export interface ProxyTarget {
  kind: ProxyKind;
  formationId: string;
  /** What the formation is asked for: path and query, byte for byte as they arrived. */
  path: string;
}

const prefixes = [
  ["/api/", "api"],
  ["/draft/", "draft"],
  ["/mcp/", "mcp"],
] as const;

/**
 * Splits a request target into formation and path (docs/spec/server-api.md "Routing"). Works on the raw text:
 * decoding and encoding again would lose `%2F`.
 *
 * @returns undefined when the target is not one of the proxy's.
 */
export const proxyTarget = (url: string): ProxyTarget | undefined => {
  for (const [prefix, kind] of prefixes) {
    if (!url.startsWith(prefix)) continue;
    const rest = url.slice(prefix.length);
    const end = rest.search(/[/?]/);
    const formationId = end === -1 ? rest : rest.slice(0, end);
    if (formationId === "") return undefined;
    const tail = end === -1 ? "" : rest.slice(end);
    const root = kind === "mcp" ? "/mcp" : "";
    return { kind, formationId, path: tail.startsWith("/") || root !== "" ? root + tail : `/${tail}` };
  }
  return undefined;
};

/** An id that no formation can have does not need to be looked up. */
export const isFormationId = (id: string): boolean => formationIdPattern.test(id);
