import { hash, randomUUID } from "node:crypto";
import { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import { isObject, newId, type RouteId } from "@muxi/protocol";
import type { Logger } from "pino";
import type { HttpResponse } from "../http/index.ts";
import type { Hints } from "../store/index.ts";
import { apiTools, cancellationOf, toolRequest } from "./mcp-tools.ts";
import type { Matched, Received } from "./received.ts";

export interface McpServerDeps {
  formationId: string;
  version: string;
  hints: Hints;
  /** @throws ApiError when the key of the request may not make the call. */
  admit(id: RouteId, request: Received & Pick<Matched, "params">): unknown;
  /** Makes a call of the API, by all rules of HTTP, and gives its envelope. */
  call(
    id: RouteId,
    request: Omit<Matched, "keyUsed">,
    response: HttpResponse,
  ): Promise<{ envelope: unknown; failed: boolean }>;
  log: Logger;
}

/** Answers one HTTP request. `body` is undefined for none. */
export type McpServer = (body: unknown, carrier: Received, response: HttpResponse) => Promise<void>;

const sessionHeader = "mcp-session-id";

/** A caller that takes anything takes both forms of an answer. */
const acceptOf = (accept = "*/*"): string =>
  accept.includes("*/*") ? "application/json, text/event-stream" : accept;

const webRequest = ({ method, headers: sent }: Received, signal: AbortSignal): Request => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(sent)) if (typeof value === "string") headers.set(name, value);
  headers.set("accept", acceptOf(sent.accept));
  return new Request("http://formation/mcp", { method, headers, signal });
};

/** Sends what the handler answers. There is one result in it, so that it need not wait for a slow reader. */
const send = async ({ status, headers, body }: Response, response: HttpResponse): Promise<void> => {
  headers.forEach((value, name) => {
    if (name !== "connection") response.setHeader(name, value);
  });
  response.writeHead(status);
  if (body) for await (const text of body.pipeThrough(new TextDecoderStream())) response.write(text);
  response.end();
};

/**
 * The formation as an MCP server (docs/spec/formation-api.md "MCP endpoint"). Each request is served for itself: of
 * its session only the calls under way are known, so that they can be cancelled.
 */
export const createMcpServer = ({
  formationId,
  version,
  hints,
  admit,
  call,
  log,
}: McpServerDeps): McpServer => {
  const tools = apiTools();
  const listed = tools.map(({ id: _, ...tool }) => tool);
  /** What stops each call under way, by `keyOf`. */
  const underWay = new Map<string, () => void>();
  hints.listen("mcp", formationId, (key) => underWay.get(key)?.());

  const serverFor = (carrier: Received, response: HttpResponse): Server => {
    const server = new Server({ name: `muxi-${formationId}`, version }, { capabilities: { tools: {} } });
    const session = carrier.headers[sessionHeader];
    /** Of a call: from it nobody who reads the hints learns the session. */
    const keyOf = (id: string | number | undefined) =>
      hash("sha256", JSON.stringify([session, id]), "base64url");

    server.setRequestHandler("tools/list", () => ({ tools: listed }));

    server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
      const tool = tools.find(({ name }) => name === params.name);
      if (!tool)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool named ${params.name}`);
      const request = toolRequest(tool.id, params.arguments ?? {}, carrier, newId("request"));
      const stop = () => void call("cancelRequest", cancellationOf(request), response);
      mcpReq.signal.addEventListener("abort", stop);
      if (session !== undefined) underWay.set(keyOf(mcpReq.id), stop);
      try {
        const { envelope, failed } = await call(tool.id, request, response);
        return { content: [{ type: "text", text: JSON.stringify(envelope) }], isError: failed };
      } finally {
        mcpReq.signal.removeEventListener("abort", stop);
        underWay.delete(keyOf(mcpReq.id));
      }
    });

    server.setNotificationHandler("notifications/cancelled", ({ params }) => {
      admit("cancelRequest", { ...carrier, params: {} });
      const key = keyOf(params.requestId);
      const stop = underWay.get(key);
      if (stop) stop();
      else if (session !== undefined) hints.send({ topic: "mcp", formationId, content: key });
    });
    return server;
  };

  return async (body, carrier, response) => {
    const leaving = new AbortController();
    response.on("close", () => leaving.abort());
    const { fetch } = createMcpHandler(() => serverFor(carrier, response), {
      // What is offered never changes.
      maxSubscriptions: 0,
      onerror: (err) => log.debug({ err, request_id: carrier.id }, "MCP request refused or broken off"),
    });
    const answer = await fetch(webRequest(carrier, leaving.signal), { parsedBody: body });
    if (answer.ok && isObject(body) && body.method === "initialize") {
      response.setHeader(sessionHeader, randomUUID());
    }
    await send(answer, response);
  };
};
