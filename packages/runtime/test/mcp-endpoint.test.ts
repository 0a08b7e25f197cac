import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect, onTestFinished, test } from "vitest";
import { keys, startFormation, writeFormation } from "./harness.ts";

/** A running formation, and an MCP client that is connected to it. */
const connect = async (headers: Record<string, string> = { "X-Muxi-Client-Key": keys.clientKey }) => {
  const api = await startFormation(await writeFormation());
  const client = new Client({ name: "test", version: "1.0.0" });
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

test("the formation offers the calls of clients as tools, and none of the admin's", async () => {
  const { client } = await connect();
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
});

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

test("a request id, an idempotency key and a path's parameters count as over HTTP", async () => {
  const dir = await writeFormation({
    "triggers/hello.md": "Say hello to ${{ data.name }}",
    "triggers/bye.md": "Say goodbye to ${{ data.name }}",
  });
  const api = await startFormation(dir);
  const call = async (name: string, args: object) => {
    const response = await fetch(`${api.url}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "X-Muxi-Client-Key": keys.clientKey,
        "X-Muxi-Idempotency-Key": "key-1",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: args },
      }),
    });
    const { result } = await response.json();
    return JSON.parse(result.content[0].text);
  };
  const chat = await call("chat", { message: "Hello", request_id: "req_mine" });
  expect([chat.data.request_id, chat.request.id]).toEqual(["req_mine", "req_mine"]);
  const fire = async (name: string) =>
    (await call("execute_trigger", { name, data: { name: "Ann" }, use_async: false })).data.request_id;
  const hello = await fire("hello");
  expect(await fire("hello")).toBe(hello);
  expect(await fire("bye")).not.toBe(hello);
});

test("a revision of MCP that is not spoken here is refused", async () => {
  const { api } = await connect();
  const { status, body } = await api.call("POST", "/../mcp", {
    body: { jsonrpc: "2.0", id: 1, method: "ping" },
    headers: { "MCP-Protocol-Version": "1999-01-01" },
  });
  expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
  expect(body.error.message).toContain("2025-11-25");
});

test("nonsense is answered in JSON-RPC", async () => {
  const { api } = await connect();
  const post = async (body: unknown) => {
    const response = await fetch(`${api.url}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return response.status === 202 ? 202 : response.json();
  };
  expect(await post([1])).toMatchObject({ id: null, error: { code: -32600 } });
  expect(await post({ jsonrpc: "2.0", id: 1, method: "x" })).toMatchObject({
    id: 1,
    error: { code: -32601 },
  });
  expect(await post({ jsonrpc: "2.0", id: 2, method: "tools/call" })).toMatchObject({
    error: { code: -32602 },
  });
  expect(await post({ jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "fly" } })).toMatchObject({
    error: { code: -32602 },
  });
  expect(await post({ jsonrpc: "2.0", method: "notifications/initialized" })).toBe(202);
  expect((await fetch(`${api.url}/mcp`)).status).toBe(405);
});
