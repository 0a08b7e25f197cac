import { once } from "node:events";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createToolReader } from "../src/tools/offered-tools.ts";
import { startFormation, writeFormation } from "./harness.ts";

const plain = { type: "object", properties: {} };
const megabyte = "x".repeat(2 ** 20);

type Answer = (id: number, response: http.ServerResponse) => void;

/** An MCP server whose answers to calls the test writes itself, over HTTP. */
const startRaw = async (call: Answer, transport: "http" | "sse") => {
  let stream: http.ServerResponse | undefined;
  const listener = http.createServer(async (message, response) => {
    if (message.method === "GET" && transport === "sse") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("event: endpoint\ndata: /messages\n\n");
      stream = response;
      return;
    }
    if (message.method !== "POST" || (transport === "sse" && message.url !== "/messages"))
      return void response.writeHead(405).end();
    const pieces: Buffer[] = [];
    for await (const piece of message) pieces.push(piece);
    const { id, method, params } = JSON.parse(Buffer.concat(pieces).toString());
    if (transport === "sse" || id === undefined) response.writeHead(202).end();
    if (id === undefined) return;
    const out = transport === "sse" ? stream : response;
    if (!out) throw new Error("there is no stream");
    if (method === "tools/call") return call(id, out);
    const serverInfo = { name: "raw", version: "1" };
    const result =
      method === "initialize"
        ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo }
        : { tools: [{ name: "fetch", inputSchema: plain }] };
    const text = JSON.stringify({ jsonrpc: "2.0", id, result });
    if (transport === "sse") out.write(`data: ${text}\n\n`);
    else out.writeHead(200, { "content-type": "application/json" }).end(text);
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    listener.close();
    listener.closeAllConnections();
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `id: raw
description: Says too much
type: http
endpoint: http://127.0.0.1:${address.port}/${transport === "sse" ? "sse" : "mcp"}
`;
};

/** Writes for as long as somebody reads. */
const flood = (response: http.ServerResponse, head: string, more: string) => {
  const go = () => {
    while (!response.destroyed && response.write(more));
  };
  response.on("drain", go).write(head);
  go();
};

const asJson: Answer = (id, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  flood(response, `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`, megabyte);
};

/** Few bytes, of which a parser makes very many objects. */
const ofValues: Answer = (id, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  flood(response, `data: {"jsonrpc":"2.0","id":${id},"result":{"content":[`, "[],".repeat(20_000));
};

const asStream: Answer = (_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  flood(response, "data: ", megabyte);
};

const asEvents: Answer = (_, response) => {
  flood(response, "data: ", megabyte);
};

describe("an answer without end", () => {
  test.each([
    ["JSON", asJson, "http", "10485760 bytes"],
    ["empty lists", ofValues, "http", "500000 values"],
    ["an event stream", asStream, "http", "10485760 bytes"],
    ["the older transport", asEvents, "sse", "10485760 bytes"],
  ] as const)("in %s is cut at the limit, and the call says so", async (_, answer, transport, limit) => {
    const server = await startRaw(answer, transport);
    const api = await startFormation(await writeFormation({ "mcp/raw.afs": server }));
    const { body } = await api.chat("call:raw__fetch");
    expect(body.data.message.content).toContain(`the server sent a message of more than ${limit}`);
    expect((await api.chat("Hello")).status).toBe(200);
  });
});

test("an event stream may go on for ever as long as each event is small", async () => {
  const server = await startRaw((id, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let count = 0; count < 12; count++) response.write(`: ${megabyte}\r\n\r\n`);
    const content = [{ type: "text", text: "at last" }];
    response.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id, result: { content } })}\n\n`);
  }, "http");
  const api = await startFormation(await writeFormation({ "mcp/raw.afs": server }));
  expect((await api.chat("call:raw__fetch")).body.data.message.content).toContain("at last");
});

const program = (code: string) => `id: wild
description: Does what it wants
type: command
command: ${process.execPath}
args: [${fileURLToPath(import.meta.resolve("./wild-program.ts"))}, ${code}]
`;

test.each([
  ["floods the formation with requests", "flood"],
  ["leaves a child in a session of its own", "detach"],
])("a program that %s does not keep it from ending", async (_, what) => {
  const { runtime, ...api } = await startFormation(await writeFormation({ "mcp/wild.afs": program(what) }), {
    env: { PATH: process.env.PATH ?? "" },
  });
  expect((await api.chat("call:wild__process")).body.data.message.content).toMatch(/\d/);
  expect((await api.chat("Hello")).status).toBe(200);
  await runtime.close(0);
});

test("a list of 100,000 tools is read as far as one may look, and others have their turn", async () => {
  const reader = createToolReader();
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  await reader.add(
    Array.from({ length: 100_000 }, (_, index) => ({ name: `tool_${index}`, inputSchema: plain })),
  );
  clearInterval(counting);
  expect(reader.isFull).toBe(true);
  expect(reader.listing.tools).toHaveLength(10_000);
  expect(reader.listing.unusable).toEqual([
    {
      tool: "number 10001 and all after it",
      reason: "a server may offer 10000 tools of 20000000 characters in all",
    },
  ]);
  expect(turns).toBeGreaterThan(3);
});

test.each([
  ["of many names that look the same to a provider", (count: number) => manyNames(count)],
  ["of one definition that is referred to again and again", (count: number) => manyReferences(count)],
])("what a schema costs grows with its size: %s", async (_, schemaOf) => {
  const reader = createToolReader();
  const inputSchema = schemaOf(5_000);
  await reader.add(Array.from({ length: 200 }, (_, index) => ({ name: `wide_${index}`, inputSchema })));
  const { tools, unusable } = reader.listing;
  expect(tools.length + unusable.length).toBe(200);
});

const manyNames = (count: number) => ({
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [String.fromCharCode(0x4e00 + index), {}]),
  ),
});

const manyReferences = (count: number) => ({
  type: "object",
  $defs: {
    all: {
      properties: Object.fromEntries(Array.from({ length: count / 4 }, (_, index) => [`p${index}`, {}])),
    },
  },
  anyOf: Array.from({ length: count / 20 }, () => ({ $ref: "#/$defs/all" })),
});
