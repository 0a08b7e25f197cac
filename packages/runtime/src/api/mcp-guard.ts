import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "@muxi/http";

export interface McpGuardOptions {
  /** The address that the formation listens on. */
  boundTo: string;
  /** `server.allowed_origins` of the manifest. */
  allowedOrigins: readonly string[];
}

/** Why a request may not use `/mcp`; undefined if it may. */
export type McpGuard = (headers: Readonly<IncomingHttpHeaders>) => string | undefined;

const hostName = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).hostname : undefined);

const remedy = "add it to server.allowed_origins of the formation";

/**
 * Keeps web pages of other sites off `/mcp` (docs/spec/formation-api.md "Origin and host"). A page whose name was made
 * to resolve to this machine (DNS rebinding) has a matching `Origin`, and is known by its `Host`.
 */
export const createMcpGuard = ({ boundTo, allowedOrigins }: McpGuardOptions): McpGuard => {
  const origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  const hosts = new Set(allowedOrigins.map(hostName));

  return ({ host, origin, "x-forwarded-host": forwardedHost }) => {
    const own = host === undefined ? undefined : hostName(`http://${host}`);
    if (host !== undefined && isLoopback(boundTo) && !isLoopback(own ?? "") && !hosts.has(own)) {
      return `The formation listens on ${boundTo} and is not known as ${host}: use that address, or, if a proxy passes Host on, take the origin of its pages and ${remedy}`;
    }
    if (origin === undefined || origins.has(origin)) return undefined;
    const page = hostName(origin);
    // A page can only send X-Forwarded-Host itself after a preflight request, which cannot have it.
    const isOwn = page === own || page === hostName(`http://${forwardedHost}`);
    if (page && (isOwn || isLoopback(page))) return undefined;
    return `Pages of ${origin} may not use MCP here: ${remedy}`;
  };
};
