// What stands outside of the attacked formations, in a thread of the bench: a model, and an MCP server.
//
// The model does what the message says: "Count" gets a token every 10 ms until nobody listens, "deep" a call whose
// arguments are nested 5,000 deep, "grow" a call of the MCP server, which then offers 10,000 tools.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parentPort } from "node:worker_threads";
import * as z from "zod";

const tokenEveryMs = 10;
const nestedDepth = 5_000;
const grownTools = 10_000;

const jsonOf = async (request: IncomingMessage): Promise<unknown> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString());
};

const chatSchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
  response_format: z.unknown().optional(),
});

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "fake", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

const called = (name: string, args: string): string =>
  chunk({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: args } }] });

const count = (response: ServerResponse): void => {
  const timer = setInterval(() => response.write(chunk({ content: "zq " })), tokenEveryMs);
  response.on("close", () => clearInterval(timer));
};

const chat = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { messages, response_format } = chatSchema.parse(await jsonOf(request));
  const last = messages.at(-1);
  const asked = last?.role === "user" ? JSON.stringify(last.content) : "";
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.socket?.setNoDelay(true);
  if (response_format !== undefined) response.write(chunk({ content: '{"facts":[]}' }));
  else if (asked.includes("Count")) return count(response);
  else if (asked.includes("deep"))
    response.write(called("many__grow", `${'{"a":'.repeat(nestedDepth)}1${"}".repeat(nestedDepth)}`));
  else if (asked.includes("grow")) response.write(called("many__grow", "{}"));
  else response.write(chunk({ content: "Done" }));
  const wantsCall = /deep|grow/.test(asked);
  response.end(`${chunk({}, wantsCall ? "tool_calls" : "stop")}data: [DONE]\n\n`);
};

const rpcSchema = z.object({
  id: z.union([z.int(), z.string()]).optional(),
  method: z.string(),
  params: z.object({ protocolVersion: z.string().optional() }).optional(),
});

let hasGrown = false;

const toolNamed = (name: string) => ({
  name,
  description: `Does what ${name} says`,
  inputSchema: { type: "object", properties: { what: { type: "string", description: "What to do" } } },
});

const tools = () => [
  toolNamed("grow"),
  ...(hasGrown ? Array.from({ length: grownTools - 1 }, (_, at) => toolNamed(`tool_${at}`)) : []),
];

const resultOf = (method: string, protocolVersion: string | undefined): object => {
  if (method === "initialize") {
    const capabilities = { tools: { listChanged: true } };
    return { protocolVersion, capabilities, serverInfo: { name: "many", version: "1" } };
  }
  return method === "tools/list" ? { tools: tools() } : { content: [{ type: "text", text: "grown" }] };
};

const mcp = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (request.method !== "POST") return void response.writeHead(405).end();
  const { id, method, params } = rpcSchema.parse(await jsonOf(request));
  if (id === undefined) return void response.writeHead(202).end();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const say = (message: object) =>
    response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);
  if (method === "tools/call") {
    hasGrown = true;
    say({ method: "notifications/tools/list_changed" });
  }
  say({ id, result: resultOf(method, params?.protocolVersion) });
  response.end();
};

const server = createServer((request, response) => {
  (request.url === "/mcp" ? mcp : chat)(request, response).catch((error: unknown) =>
    response.destroy(error instanceof Error ? error : undefined),
  );
});
await once(server.listen(0, "127.0.0.1"), "listening");
const address = server.address();
if (typeof address !== "object" || address === null) throw new Error("the model has no port");
parentPort?.postMessage(address.port);
