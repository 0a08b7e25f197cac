import { localFormationIdPattern } from "@muxi/protocol";

export type ProxyKind = "api" | "draft" | "mcp";

export interface ProxyTarget {
  kind: ProxyKind;
  formationId: string;
  /** The path and query for the formation, byte for byte as they were sent. */
  path: string;
}

const prefixes = [
  ["/api/", "api"],
  ["/draft/", "draft"],
  ["/mcp/", "mcp"],
] as const;

/**
 * Splits a request target into formation and path (docs/spec/server-api.md "Routing"). It works on the raw text,
 * because decoding and encoding again would lose `%2F`.
 *
 * @returns Undefined if the target is not one of the proxy's.
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

/** Whether the target is the MCP endpoint of a formation, which all prefixes lead to. */
export const isMcp = ({ path }: ProxyTarget): boolean => path === "/mcp" || path.startsWith("/mcp?");

/** Whether a formation, at least a draft, can have this id; otherwise it need not be looked up. */
export const isFormationId = (id: string): boolean => localFormationIdPattern.test(id);
