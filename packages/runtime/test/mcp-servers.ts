import { once } from "node:events";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { onTestFinished } from "vitest";
import { createOrchard } from "./mcp-orchard.ts";

/** The lines of a server file that runs the test's program. */
export const commandServer = (id: string, more = ""): string => `id: ${id}
description: Knows the orchard
type: command
command: ${process.execPath}
args: [${fileURLToPath(import.meta.resolve("./mcp-program.ts"))}]
${more}`;

const bodyOf = async (request: http.IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
};

const listen = async (handle: http.RequestListener) => {
  const listener = http.createServer(handle);
  await once(listener.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    listener.close();
    listener.closeAllConnections();
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("The MCP server has no port");
  return `http://127.0.0.1:${address.port}`;
};

/**
 * An MCP server over streamable HTTP; `cancelled` has what told it that a call is not wanted any more.
 *
 * @param accepts Whether it takes an `authorization`.
 */
export const startHttpMcp = async (
  createServer = createOrchard,
  accepts: (authorization: string | undefined) => boolean = () => true,
) => {
  const { fetch } = createMcpHandler(createServer);
  const headers: http.IncomingHttpHeaders[] = [];
  const cancelled: string[] = [];
  const url = await listen(async (message, response) => {
    headers.push(message.headers);
    if (!accepts(message.headers.authorization)) return void response.writeHead(401).end();
    const body = await bodyOf(message);
    if (body.includes('"notifications/cancelled"')) cancelled.push(body.toString());
    const answer = await fetch(
      new Request(`http://127.0.0.1${message.url}`, {
        method: message.method ?? "GET",
        headers: Object.entries(message.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]),
        ...(body.length > 0 && { body: body.toString() }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  return { url: `${url}/mcp`, headers, cancelled };
};

/** An MCP server that speaks only the older transport: one stream for all answers, and a POST for each request. */
export const startSseMcp = async () => {
  let stream: http.ServerResponse | undefined;
  const answer = (request: { id?: number; method: string }) => {
    if (request.method === "initialize") {
      const serverInfo = { name: "older", version: "1" };
      return { protocolVersion: "2024-11-05", capabilities: { tools: {} }, serverInfo };
    }
    if (request.method === "tools/list") {
      return { tools: [{ name: "greet", inputSchema: { type: "object" } }] };
    }
    return { content: [{ type: "text", text: "Hello from the older server" }] };
  };
  const url = await listen(async (message, response) => {
    if (message.method === "GET" && message.url === "/sse") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("event: endpoint\ndata: /messages\n\n");
      stream = response;
      return;
    }
    if (message.url !== "/messages") return void response.writeHead(405).end();
    const request = JSON.parse((await bodyOf(message)).toString());
    response.writeHead(202).end();
    if (request.id === undefined) return;
    stream?.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: request.id, result: answer(request) })}\n\n`);
  });
  return { url: `${url}/sse` };
};

/**
 * An MCP server over streamable HTTP that keeps sessions, with whatever tools and results the test gives it.
 * `forget` ends the sessions; what comes with an old one is then refused with that status.
 */
export const startSessionMcp = async (
  tools: unknown[],
  resultOf: (name: string) => object = (name) => ({ content: [{ type: "text", text: `${name} is done` }] }),
) => {
  let sessions = 0;
  let refusal = 404;
  const methods: string[] = [];
  const sessionId = () => `session-${sessions}`;
  const url = await listen(async (message, response) => {
    if (message.method !== "POST") return void response.writeHead(405).end();
    const request = JSON.parse((await bodyOf(message)).toString());
    methods.push(request.method);
    const answer = (result: object) => {
      response.writeHead(200, { "content-type": "application/json", "mcp-session-id": sessionId() });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: request.id, result }));
    };
    if (request.method === "initialize") {
      sessions += 1;
      const { protocolVersion } = request.params;
      const serverInfo = { name: "sessions", version: "1" };
      return answer({ protocolVersion, capabilities: { tools: { listChanged: true } }, serverInfo });
    }
    if (message.headers["mcp-session-id"] !== sessionId()) {
      response.writeHead(refusal, { "content-type": "application/json" });
      return void response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request"}}');
    }
    if (request.id === undefined) return void response.writeHead(202).end();
    answer(request.method === "tools/list" ? { tools } : resultOf(request.params.name));
  });
  return {
    url: `${url}/mcp`,
    methods,
    forget(status: number) {
      sessions += 1;
      refusal = status;
    },
  };
};

/** An MCP server over HTTP that takes what it is sent and does not answer; `end` breaks its connections off. */
export const startSilentMcp = async () => {
  const waiting: http.ServerResponse[] = [];
  const url = await listen((message, response) => {
    message.resume();
    waiting.push(response);
  });
  return {
    url: `${url}/mcp`,
    end() {
      for (const response of waiting) response.destroy();
    },
  };
};
