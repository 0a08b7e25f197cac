import { headers as names } from "@muxi/protocol";
import type { HttpRequest, HttpResponse } from "../http/index.ts";

const exposed = [names.requestId, names.sdkLatest, "retry-after", "mcp-session-id"].join(", ");

/**
 * Lets pages of any origin read the response: keys travel in headers that a page must set, never in cookies.
 *
 * @returns Whether the request was a preflight request, which is now answered.
 */
export const allowOrigins = ({ method, headers }: HttpRequest, response: HttpResponse): boolean => {
  const { origin } = headers;
  if (origin === undefined) return false;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("access-control-expose-headers", exposed);
  response.setHeader("vary", "origin");
  if (method !== "OPTIONS") return false;
  response.setHeader("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
  response.setHeader("access-control-allow-headers", headers["access-control-request-headers"] ?? "*");
  response.setHeader("access-control-max-age", "86400");
  response.writeHead(204).end();
  return true;
};
