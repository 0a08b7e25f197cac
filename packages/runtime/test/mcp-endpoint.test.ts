import http from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Api, keys, manifest, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { startBuilt, writeTestFormation } from "./processes.ts";

/** Status of a `ping` with this `Host`, which `fetch` would not send. */
const statusAs = (port: number, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
    const headers = { host, origin: `http://${host}`, "content-type": "application/json" };
    const request = http.request({ port, host: "127.0.0.1", path: "/mcp", method: "POST", headers });
    request.on("error", reject).on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.end(body);
  });

/** Revisions up to 2025-11-25, which begin with a handshake, or the newest that both sides speak. */
type Era = "legacy" | "auto";

/** A running formation, and an MCP client that is connected to it. */
const connect = async (
  headers: Record<string, string> = { "X-Muxi-Client-Key": keys.clientKey },
  { files = {}, mode = "legacy" }: { files?: Record<string, string>; mode?: Era } = {},
) => {
  const api = await startFormation(await writeFormation(files));
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  onTestFinished(() => client.close());
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`), { requestInit: { headers } }),
  );
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { content, isError } = await client.callTool({ name, arguments: args });
    const [part] = content;
    return { isError, envelope: JSON.parse(part?.type === "text" ? part.text : "null") };
  };
  return { api, client, call };
};

test.each(["legacy", "auto"] as const)(
  "calls of clients are tools, none of the admin's (%s)",
  async (mode) => {
    const { client } = await connect(undefined, { mode });
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === "auto" ? "2026-07-28" : "2025-11-25");
    expect(client.getServerVersion()?.name).toBe("muxi-orchard");
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "chat",
        "list_sessions",
        "get_session",
        "get_session_messages",
        "restore_session",
        "search_memories",
        "create_memory",
        "cancel_request",
        "list_sops",
        "get_ingestion_status",
        "execute_trigger",
      ]),
    );
    for (const name of ["get_agents", "get_secrets", "get_config", "get_health", "get_request_events"]) {
      expect(names).not.toContain(name);
    }
    const schemaOf = (name: string) => tools.find((tool) => tool.name === name)?.inputSchema;
    expect(schemaOf("chat")).toMatchObject({
      type: "object",
      properties: { message: { type: "string" }, "X-Muxi-User-ID": { type: "string" } },
      required: ["message"],
    });
    expect(schemaOf("chat")?.properties).not.toHaveProperty("stream");
    expect(schemaOf("get_session_messages")?.required).toEqual(["session_id", "X-Muxi-User-ID"]);
  },
);

test("a tool does what the call over HTTP does, for the user that is named", async () => {
  const { api, call } = await connect();
  const { isError, envelope } = await call("chat", {
    message: "My dog is called Pip.",
    session_id: "s1",
    "X-Muxi-User-ID": "ann",
  });
  expect(isError).toBe(false);
  expect(envelope.data.message.content).toBe("I will remember: your dog is called Pip.");

  const sessions = await call("list_sessions", { "X-Muxi-User-ID": "ann", limit: 5 });
  expect(sessions.envelope.data).toEqual((await api.get("/sessions?limit=5", { user: "ann" })).body.data);
  expect((await call("list_sessions", { "X-Muxi-User-ID": "bob" })).envelope.data.sessions).toEqual([]);
});

test("what fails over HTTP fails with the same envelope", async () => {
  const { call } = await connect();
  const foreign = await call("get_session", { session_id: "nobodys", "X-Muxi-User-ID": "ann" });
  expect(foreign).toMatchObject({ isError: true, envelope: { error: { code: "RESOURCE_NOT_FOUND" } } });
  expect(await call("list_sessions")).toMatchObject({
    isError: true,
    envelope: { error: { code: "INVALID_REQUEST" } },
  });
  expect(await call("chat", { message: 7 })).toMatchObject({
    isError: true,
    envelope: { error: { code: "INVALID_PARAMS" } },
  });
});

test.each([{}, { "X-Muxi-Client-Key": "wrong" }, { "X-Muxi-Admin-Key": keys.adminKey }])(
  "with the key %o tools are listed but not called",
  async (headers) => {
    const { client, call } = await connect(headers as Record<string, string>);
    expect((await client.listTools()).tools.length).toBeGreaterThan(10);
    for (const name of ["chat", "cancel_request"]) {
      expect(await call(name, { message: "Hi", request_id: "r", "X-Muxi-User-ID": "ann" })).toMatchObject({
        isError: true,
        envelope: { error: { code: "UNAUTHORIZED" } },
      });
    }
  },
);

/** Posts a body to `/mcp`, and gives status and message of the answer. */
const post = async ({ url }: Api, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", "X-Muxi-Client-Key": keys.clientKey, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const message = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? (text || "null"));
  return { status: response.status, headers: response.headers, message };
};

const toolCall = (name: string, args: object, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: args },
});

test("a request id, an idempotency key and a path's parameters count as over HTTP", async () => {
  const dir = await writeFormation({
    "triggers/hello.md": "Say hello to ${{ data.name }}",
    "triggers/bye.md": "Say goodbye to ${{ data.name }}",
  });
  const api = await startFormation(dir);
  const call = async (name: string, args: object) => {
    const { message } = await post(api, toolCall(name, args), { "X-Muxi-Idempotency-Key": "key-1" });
    return JSON.parse(message.result.content[0].text);
  };
  const chat = await call("chat", { message: "Hello", request_id: "req_mine" });
  expect([chat.data.request_id, chat.request.id]).toEqual(["req_mine", "req_mine"]);
  const fire = async (name: string) =>
    (await call("execute_trigger", { name, data: { name: "Ann" }, use_async: false })).data.request_id;
  const hello = await fire("hello");
  expect(await fire("hello")).toBe(hello);
  expect(await fire("bye")).not.toBe(hello);
});

const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

test("revisions that are not spoken here are refused in JSON-RPC, with those that are", async () => {
  const { api } = await connect();
  const old = await post(api, ping, { "MCP-Protocol-Version": "1999-01-01" });
  expect(old).toMatchObject({ status: 400, message: { error: { code: -32_000 } } });
  expect(old.message.error.message).toContain("2025-11-25");
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2099-01-01",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const future = await post(
    api,
    { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta } },
    { "MCP-Protocol-Version": "2099-01-01", "Mcp-Method": "tools/list" },
  );
  expect(future).toMatchObject({
    status: 400,
    message: {
      id: 1,
      error: { code: -32_022, data: { supported: ["2026-07-28"], requested: "2099-01-01" } },
    },
  });
});

test("nonsense is answered in JSON-RPC", async () => {
  const { api } = await connect();
  const failureOf = async (body: unknown, headers?: Record<string, string>) => {
    const { status, message } = await post(api, body, headers);
    return [status, message.jsonrpc, message.id, message.error.code];
  };
  expect(await failureOf("{")).toEqual([400, "2.0", null, -32_700]);
  expect(await failureOf("")).toEqual([400, "2.0", null, -32_700]);
  expect(await failureOf('{"__proto__":1}')).toEqual([400, "2.0", null, -32_700]);
  expect(await failureOf(ping, { "content-type": "text/plain" })).toEqual([415, "2.0", null, -32_000]);
  expect(await failureOf([1])).toEqual([400, "2.0", null, -32_600]);
  expect(await failureOf({ jsonrpc: "2.0", id: 1, method: "x" })).toEqual([200, "2.0", 1, -32_601]);
  expect(await failureOf({ jsonrpc: "2.0", id: 2, method: "tools/call" })).toEqual([200, "2.0", 2, -32_602]);
  expect(await failureOf(toolCall("fly", {}, 3))).toEqual([200, "2.0", 3, -32_602]);
  expect((await post(api, { jsonrpc: "2.0", method: "notifications/initialized" })).status).toBe(202);
  expect((await fetch(`${api.url}/mcp`)).status).toBe(405);
});

test.each(["legacy", "auto"] as const)("cancelling a call stops its run (%s)", async (mode) => {
  const models = await startModelServer();
  models.reply({ text: ["One ", "two"], stallAfter: 2 });
  onTestFinished(() => models.close());
  const formation = `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
memory: { persistent: { extraction: false } }`;
  const { api, client } = await connect(undefined, { files: { "formation.afs": formation }, mode });
  const leaving = new AbortController();
  const args = { message: "Count", request_id: "req_1", "X-Muxi-User-ID": "ann" };
  const call = client.callTool({ name: "chat", arguments: args }, { signal: leaving.signal });
  const failed = expect(call).rejects.toThrow();
  await until("the model is asked", () => models.requests[0]);
  await untilStatus(api, "req_1", "processing");
  leaving.abort();
  await failed;
  expect(await models.requests[0]?.over).toBe("aborted");
  await untilStatus(api, "req_1", "cancelled");
});

test.skipIf(!onPostgres)(
  "a notification that reaches another process than the call stops its run, with a key of the formation",
  async () => {
    const models = await startModelServer();
    models.defaultReply = { text: ["One ", "two"], stallAfter: 2 };
    onTestFinished(() => models.close());
    const dir = await writeTestFormation(models.url, { database: await createSchema() });
    const [{ api: a }, { api: b }] = [await startBuilt(dir), await startBuilt(dir)];
    const hello = {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "t", version: "1" },
    };
    const { headers } = await post(a, { jsonrpc: "2.0", id: 1, method: "initialize", params: hello });
    const session = { "Mcp-Session-Id": headers.get("mcp-session-id") ?? "" };
    const count = { message: "Count", request_id: "req_1", "X-Muxi-User-ID": "ann" };
    const call = post(a, toolCall("chat", count, 7), session);
    await until("the model is asked", () => models.requests[0]);
    await untilStatus(b, "req_1", "processing");

    const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    const keyless = { ...session, "X-Muxi-Client-Key": "wrong" };
    for (const api of [a, b]) expect((await post(api, cancelled, keyless)).status).toBe(202);
    expect((await b.get("/requests/req_1", { user: "ann" })).body.data.status).toBe("processing");
    expect((await post(b, cancelled, session)).status).toBe(202);
    expect(await models.requests[0]?.over).toBe("aborted");
    await untilStatus(b, "req_1", "cancelled");
    expect((await call).message.result.isError).toBe(true);
  },
);

describe("pages of other sites", () => {
  const start = async (more = "") =>
    startFormation(await writeFormation({ "formation.afs": `${manifest}\n${more}` }));

  test("are refused, preflight included; no page, this machine and the own host are not", async () => {
    const api = await start();
    const foreign = await post(api, ping, { Origin: "https://evil.example" });
    expect(foreign).toMatchObject({ status: 403, message: { jsonrpc: "2.0", error: { code: -32_000 } } });
    expect(foreign.message.error.message).toContain("server.allowed_origins");
    expect((await post(api, ping, { Origin: "null" })).status).toBe(403);
    const preflight = await fetch(`${api.url}/mcp`, {
      method: "OPTIONS",
      headers: {
        Origin: "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-forwarded-host",
      },
    });
    expect(preflight.status).toBe(403);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(null);
    expect((await post(api, ping)).status).toBe(200);
    const local = await post(api, ping, { Origin: "http://localhost:3000" });
    expect(local.status).toBe(200);
    expect(local.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    const behind = { "X-Forwarded-Host": "agents.example", Origin: "https://agents.example" };
    expect((await post(api, ping, behind)).status).toBe(200);
  });

  test("are let in by server.allowed_origins, and by no other scheme or port of the same host", async () => {
    const api = await start('server: { allowed_origins: ["https://app.example"] }');
    expect((await post(api, ping, { Origin: "https://app.example" })).status).toBe(200);
    expect((await post(api, ping, { Origin: "http://app.example" })).status).toBe(403);
    expect((await post(api, ping, { Origin: "https://app.example:8443" })).status).toBe(403);
  });

  test("do not get in by a name that resolves to this machine", async () => {
    const api = await start('server: { allowed_origins: ["https://app.example"] }');
    const port = new URL(api.url).port;
    const asHost = (host: string) => statusAs(Number(port), host);
    expect(await asHost(`evil.example:${port}`)).toBe(403);
    expect(await asHost(`localhost:${port}`)).toBe(200);
    expect(await asHost("app.example")).toBe(200);
  });
});
