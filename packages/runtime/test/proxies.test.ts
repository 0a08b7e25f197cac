import { createServer } from "node:http";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { listen } from "../../../test/wire.ts";
import { manifest, writeFormation } from "./harness.ts";
import { startSessionMcp } from "./mcp-servers.ts";
import { startModelServer } from "./model-server.ts";
import { startBuilt } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

/** A proxy that leads each name to a server of the test; what it was asked for is in `seen`. */
const startProxy = async (ports: Readonly<Record<string, number>>) => {
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "");
    seen.add(`${request.method} ${url.origin}`);
    const { method, headers } = request;
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const answer = await fetch(`http://127.0.0.1:${ports[url.hostname]}${url.pathname}`, {
        method: method ?? "GET",
        headers: {
          "content-type": headers["content-type"] ?? "",
          authorization: headers.authorization ?? "",
        },
        body: Buffer.concat(chunks),
      });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(await answer.text());
    })();
  });
  server.on("connect", (request, socket) => {
    seen.add(`CONNECT ${request.url}`);
    socket.on("error", () => undefined);
    const port = ports[request.url?.split(":")[0] ?? ""];
    if (port === undefined) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(target).pipe(socket);
    });
    target.on("error", () => socket.destroy());
  });
  return { seen, url: `http://127.0.0.1:${await listen(server)}` };
};

test("a formation reaches models, MCP servers and OpenTelemetry through the proxy of its environment", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const mcp = await startSessionMcp([{ name: "prune", inputSchema: { type: "object" } }]);
  const proxy = await startProxy({
    "model.example": Number(new URL(models.url).port),
    "mcp.example": Number(new URL(mcp.url).port),
  });
  const folder = await writeFormation({
    "formation.afs": `${manifest}
server: { api_keys: { client_key: fmc_test, admin_key: fma_test } }
llm:
  settings: { base_url: "http://model.example/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
    "mcp/trees.afs": "id: trees\ndescription: x\ntype: http\nendpoint: http://mcp.example/mcp\n",
  });
  models.reply({ text: ["Through the proxy"] });
  const { api } = await startBuilt(folder, 0, {
    http_proxy: proxy.url.replace("http://", ""),
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://otlp.example:4318",
  });
  expect((await api.chat("Hello")).body.data.message.content).toBe("Through the proxy");
  const body = JSON.stringify((await models.request(0)).body);
  expect(body).toContain("trees__prune");
  await until("traces were sent", () => proxy.seen.has("CONNECT otlp.example:4318"));
  expect([...proxy.seen].sort()).toEqual([
    "CONNECT mcp.example:80",
    "CONNECT otlp.example:4318",
    "POST http://model.example",
  ]);
});

test("speech, embeddings, webhooks and events go through it, too", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const receiver = await startReceiver();
  const transcriber = createServer((request, response) => {
    request.resume().on("end", () => response.end(JSON.stringify({ text: "When do I prune?" })));
  });
  const proxy = await startProxy({
    "model.example": Number(new URL(models.url).port),
    "speech.example": await listen(transcriber),
    "hook.example": Number(new URL(receiver.url).port),
  });
  const folder = await writeFormation({
    "formation.afs": `${manifest}
server: { api_keys: { client_key: fmc_test, admin_key: fma_test } }
llm:
  settings: { base_url: "http://model.example/v1", max_retries: 0 }
  models:
    - { text: openai/test-model, api_key: sk-test }
    - { embedding: openai/test-embedding, api_key: sk-test }
    - { audio: openai/whisper-1, api_key: sk-test, settings: { base_url: "http://speech.example/v1" } }
logging:
  conversation:
    enabled: true
    streams:
      - { transport: stream, destination: "http://events.example/in" }
`,
  });
  const { api } = await startBuilt(folder, 0, { HTTP_PROXY: proxy.url });
  const speech = await api.call("POST", "/audiochat", {
    user: "ann",
    body: {
      stream: false,
      files: [
        { filename: "ask.mp3", content: Buffer.from("ID3").toString("base64"), content_type: "audio/mpeg" },
      ],
    },
  });
  expect(speech.status).toBe(200);
  const accepted = await api.call("POST", "/chat", {
    user: "ann",
    body: { message: "Hello", mode: "async", webhook_url: "http://hook.example/done" },
  });
  expect(accepted.status).toBe(202);
  await api.call("POST", "/memories", { user: "ann", body: { content: "Ann grows pears" } });
  await until("a memory was embedded", () => models.background.some(({ path }) => path === "/v1/embeddings"));
  await until("the webhook was delivered", () => receiver.received.length > 0);
  await until("events were sent", () => proxy.seen.has("CONNECT events.example:80"));
  expect([...proxy.seen].sort()).toEqual([
    "CONNECT events.example:80",
    "POST http://hook.example",
    "POST http://model.example",
    "POST http://speech.example",
  ]);
});
