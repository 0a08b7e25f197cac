import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { isHost } from "@muxi/http";
import { headers } from "@muxi/protocol";
import { errorBody } from "./api/index.ts";
import { corsHeaders } from "./base/cors.ts";

const refuse = (
  response: ServerResponse,
  requestId: string,
  { status, message, ...more }: { status: number; message: string; headers?: OutgoingHttpHeaders },
): void => {
  const body = JSON.stringify(errorBody(status, message));
  response
    .writeHead(status, {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      ...corsHeaders,
      [headers.requestId]: requestId,
      ...more.headers,
    })
    .end(body);
};

/** The response until every formation is known. */
export const refuseStarting = (response: ServerResponse, requestId: string): void =>
  refuse(response, requestId, {
    status: 503,
    message: "The server is starting. Try again in a second.",
    headers: { "retry-after": "1" },
  });

const hostProblem = ({ headersDistinct, httpVersion }: IncomingMessage): string | undefined => {
  const [first, ...others] = headersDistinct.host ?? [];
  if (first === undefined) return httpVersion === "1.1" ? "The header Host is missing" : undefined;
  if (others.length > 0) return "The header Host is there more than once";
  return first === "" || isHost(first) ? undefined : "The header Host holds no name of a host";
};

/**
 * Refuses a request that two programs on its way could take for different ones, or that asks for what was sent to be
 * sent back (docs/spec/server-api.md "HTTP rules of the server").
 *
 * @returns Whether it was refused.
 */
export const refuseUnclear = (
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): boolean => {
  if (request.method === "TRACE") {
    response.writeHead(405, { [headers.requestId]: requestId, "content-length": "0" }).end();
    return true;
  }
  const problem = hostProblem(request);
  if (problem === undefined) return false;
  refuse(response, requestId, { status: 400, message: problem, headers: { connection: "close" } });
  return true;
};
