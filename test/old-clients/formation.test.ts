import { expect, test } from "vitest";
import {
  type Api,
  collect,
  framesOf,
  startFormation,
  writeFormation,
} from "../../packages/runtime/test/harness.ts";

/** What published SDKs send with every call. */
const identity = (sdk: string) => ({
  "X-Muxi-SDK": `${sdk}/0.20260101.0`,
  "X-Muxi-Client": "linux-x64",
  "X-Muxi-Idempotency-Key": crypto.randomUUID(),
  Accept: "application/json",
});

interface Sent {
  sdk: string;
  method: string;
  path: string;
  key?: "client" | "admin";
  user?: string;
  body?: unknown;
}

const send = (api: Api, { sdk, method, path, ...options }: Sent) =>
  api.call(method, path, { ...options, headers: identity(sdk) });

const files = {
  "triggers/greet.md": "Say hello to ${{ data.name }}",
  "sops/plant.md": "---\ntype: sop\nname: Plant\ndescription: Plants a tree\n---\n\n1. Dig a hole\n",
};

const started = async () => {
  const api = await startFormation(await writeFormation(files));
  await api.chat("My dog is Rex", { user: "ann", session: "s1" });
  return api;
};

const client = { key: "client" } as const;
const admin = { key: "admin" } as const;
const get = { method: "GET" } as const;
const post = { method: "POST" } as const;

/** Calls whose answer does not depend on an earlier one, as each SDK builds them, with what must be in `data`. */
const calls: readonly [name: string, sent: Sent, data: object, status?: number][] = [
  ["health", { sdk: "go", ...get, path: "/health", ...client }, { status: "healthy" }],
  ["get_status", { sdk: "python", ...get, path: "/status", ...admin }, { formation: { id: "orchard" } }],
  ["get_config", { sdk: "python", ...get, path: "/config", ...admin }, { formation_id: "orchard" }],
  ["get_formation_info", { sdk: "ruby", ...get, path: "/formation", ...admin }, {}],
  ["get_agents", { sdk: "java", ...get, path: "/agents", ...admin }, { count: expect.any(Number) }],
  ["get_mcp_servers", { sdk: "cpp", ...get, path: "/mcp/servers", ...admin }, { count: 0 }],
  ["get_mcp_tools", { sdk: "rust", ...get, path: "/mcp/tools", ...admin }, { tools: expect.any(Array) }],
  ["get_secrets", { sdk: "php", ...get, path: "/secrets", ...admin }, { secrets: expect.any(Object) }],
  [
    "chat",
    { sdk: "python", ...post, path: "/chat", user: "ann", body: { message: "Hello" } },
    { message: { role: "assistant" }, user_id: "ann" },
  ],
  [
    "Chat with the user in the body",
    { sdk: "go", ...post, path: "/chat", user: "ann", body: { message: "Hello", user_id: "ann" } },
    { user_id: "ann" },
  ],
  [
    "Chat with UseAsync",
    { sdk: "go", ...post, path: "/chat", user: "ann", body: { message: "Hello", use_async: true } },
    { status: "processing", request_id: expect.any(String) },
    202,
  ],
  ["get_sessions", { sdk: "rust", ...get, path: "/sessions?user_id=ann&limit=5", user: "ann" }, { count: 1 }],
  ["get_session", { sdk: "php", ...get, path: "/sessions/s1", user: "ann" }, { message_count: 2 }],
  ["get_session_messages", { sdk: "go", ...get, path: "/sessions/s1/messages", user: "ann" }, { count: 2 }],
  [
    "restore_session of what was listed",
    {
      sdk: "go",
      ...post,
      path: "/sessions/s2/restore",
      user: "ann",
      body: {
        messages: [
          { text: "My cat is Tom", metadata: { role: "user", user_id: "ann" } },
          { text: "Noted", content: "Noted", metadata: { role: "assistant", agent_id: "grower" } },
        ],
      },
    },
    { messages_loaded: 2, messages_dropped: 0 },
  ],
  ["get_requests", { sdk: "kotlin", ...get, path: "/requests", user: "ann" }, { count: expect.any(Number) }],
  ["get_memory_config", { sdk: "swift", ...get, path: "/memory", ...admin }, {}],
  [
    "get_memories",
    { sdk: "rust", ...get, path: "/memories?user_id=ann&limit=5", user: "ann" },
    { memories: expect.any(Array) },
  ],
  [
    "get_memories by query",
    { sdk: "cpp", ...get, path: "/memories?user_id=ann" },
    { memories: expect.any(Array) },
  ],
  [
    "add_memory by body",
    { sdk: "go", ...post, path: "/memories", body: { user_id: "ann", type: "fact", detail: "Likes pears" } },
    { content: "Likes pears", metadata: { type: "fact" } },
  ],
  [
    "add_memory with an empty list for a map",
    { sdk: "php", ...post, path: "/memories", user: "ann", body: { detail: "Likes plums", metadata: [] } },
    { content: "Likes plums" },
  ],
  ["get_user_buffer", { sdk: "rust", ...get, path: "/memory/buffer?user_id=ann" }, { total_messages: 2 }],
  [
    "clear_user_buffer",
    { sdk: "rust", method: "DELETE", path: "/memory/buffer?user_id=ann" },
    { user_id: "ann", messages_cleared: 2 },
  ],
  [
    "clear_session_buffer",
    { sdk: "rust", method: "DELETE", path: "/memory/buffer/s1?user_id=ann" },
    { user_id: "ann", session_id: "s1", messages_cleared: 2 },
  ],
  [
    "clear_session_buffer of somebody else's session",
    { sdk: "rust", method: "DELETE", path: "/memory/buffer/s1?user_id=eve" },
    { user_id: "eve", messages_cleared: 0 },
  ],
  [
    "clear_all_buffers",
    { sdk: "rust", method: "DELETE", path: "/memory/buffer", ...admin },
    { user_id: null, messages_cleared: 2 },
  ],
  ["get_buffer_stats", { sdk: "dart", ...get, path: "/memory/stats", ...admin }, { total_entries: 2 }],
  ["get_scheduler_config", { sdk: "python", ...get, path: "/scheduler", ...admin }, { enabled: true }],
  [
    "get_scheduler_jobs",
    { sdk: "rust", ...get, path: "/scheduler/jobs?user_id=ann", ...admin },
    { count: 0 },
  ],
  [
    "create_scheduler_job",
    {
      sdk: "rust",
      ...post,
      path: "/scheduler/jobs",
      ...admin,
      body: { type: "prompt", schedule: "0 9 * * *", message: "Sum up", user_id: "ann" },
    },
    { user_id: "ann", status: "active" },
    201,
  ],
  ["get_async_config", { sdk: "csharp", ...get, path: "/async", ...admin }, {}],
  ["get_overlord_soul", { sdk: "rust", ...get, path: "/overlord/soul", ...admin }, {}],
  ["get_llm_settings", { sdk: "rust", ...get, path: "/llm/settings", ...admin }, {}],
  ["get_triggers", { sdk: "python", ...get, path: "/triggers" }, { triggers: ["greet"] }],
  [
    "fire_trigger",
    {
      sdk: "rust",
      ...post,
      path: "/triggers/greet?async=false",
      user: "ann",
      body: { name: "Ann", user_id: "42" },
    },
    { status: "completed", content: expect.any(String) },
  ],
  ["get_sops", { sdk: "php", ...get, path: "/sops" }, { count: 1 }],
  ["get_audit_log", { sdk: "php", ...get, path: "/audit", ...admin }, { entries: expect.any(Array) }],
  [
    "clear_audit_log",
    { sdk: "rust", method: "DELETE", path: "/audit?confirm=clear-audit-log", ...admin },
    { message: expect.any(String) },
  ],
  [
    "list_credential_services",
    { sdk: "rust", ...get, path: "/credentials/services", ...admin },
    { count: 0 },
  ],
  ["list_credentials", { sdk: "rust", ...get, path: "/credentials", user: "ann" }, { count: 0 }],
  [
    "link_user_identifier",
    {
      sdk: "rust",
      ...post,
      path: "/users/identifiers",
      ...admin,
      body: { identifiers: ["ann@example.com"] },
    },
    { count: 1, muxi_user_id: expect.stringMatching(/^usr_/) },
  ],
  [
    "resolve_user",
    { sdk: "rust", ...post, path: "/users/resolve", body: { identifier: "ann", create_user: true } },
    { identifier: "ann" },
  ],
];

test.each(calls)("%s", async (_, sent, data, status = 200) => {
  const answer = await send(await started(), sent);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toContain("application/json");
  expect(answer.body).toMatchObject({ success: true, data });
});

test("a secret is set and read under its own path", async () => {
  const api = await started();
  const secret = (method: string, body?: unknown) =>
    send(api, { sdk: "php", method, path: "/secrets/NEW_TOKEN", ...admin, body });
  expect((await secret("PUT", { value: "sk-1234567890-abcdefgh" })).status).toBe(200);
  expect((await secret("GET")).body.data).toMatchObject({ key: "NEW_TOKEN", value: "sk-1...efgh" });
  expect((await secret("DELETE")).status).toBe(200);
});

test("a job is changed, paused and resumed", async () => {
  const api = await started();
  const body = { type: "prompt", schedule: "0 9 * * *", message: "Sum up", user_id: "ann" };
  const { id } = (await send(api, { sdk: "go", ...post, path: "/scheduler/jobs", ...admin, body })).body.data;
  const path = `/scheduler/jobs/${id}`;
  const changed = await send(api, {
    sdk: "go",
    method: "PUT",
    path,
    ...admin,
    body: { message: "Sum it up" },
  });
  expect(changed.body.data).toMatchObject({ id, message: "Sum it up", user_id: "ann" });
  const paused = await send(api, { sdk: "go", ...post, path: `${path}/pause`, ...admin });
  expect(paused.body.data).toMatchObject({ id, status: "paused" });
  const resumed = await send(api, { sdk: "go", ...post, path: `${path}/resume`, ...admin });
  expect(resumed.body.data).toMatchObject({ id, status: "active" });
});

test("a stream that is asked for is one, whichever way", async () => {
  const api = await started();
  const ask = async (headers: Record<string, string>, body: object = {}) => {
    const response = await api.request("POST", "/chat", { headers, body: { message: "Hello", ...body } });
    return (response.headers.get("content-type") ?? "").split(";")[0];
  };
  const events = "text/event-stream";
  const json = "application/json";
  expect(await ask(identity("python"))).toBe(json);
  expect(await ask({ ...identity("python"), Accept: "*/*" })).toBe(json);
  expect(await ask({ ...identity("python"), Accept: events })).toBe(events);
  expect(
    await ask({ ...identity("python"), Accept: "application/json, text/event-stream" }, { stream: true }),
  ).toBe(events);
  expect(await ask(identity("python"), { stream: true })).toBe(events);
  expect(await ask({ Accept: json })).toBe(json);
  expect(await ask({ Accept: "*/*" })).toBe(events);
  expect(await ask({}, { stream: false })).toBe(json);
});

test("log entries are followed by a level in lower case", async () => {
  const api = await started();
  const leaving = new AbortController();
  const options = { ...admin, headers: identity("python"), signal: leaving.signal };
  const logs = await api.request("GET", "/logs?level=info", options);
  expect([logs.status, logs.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
  leaving.abort();
  expect((await api.get("/logs?level=loud", { ...admin, headers: identity("python") })).status).toBe(422);
});

test("an error has its code and message at the top of the body too", async () => {
  const api = await started();
  const failed = await send(api, { sdk: "php", ...get, path: "/agents/none", ...admin });
  const { code, message, error } = failed.body;
  expect([failed.status, code, message]).toEqual([404, error.code, error.message]);
  expect(code).toBe("AGENT_NOT_FOUND");
});

test("the error of a stream has its code and its message where SDKs look beside the type", async () => {
  const dir = await writeFormation({
    "formation.afs": `schema: "1.0.0"
id: orchard
description: Answers questions about an orchard
llm:
  settings: { max_retries: 0 }
  models:
    - text: openai/any
      api_key: sk-none
      base_url: http://127.0.0.1:1/v1
`,
  });
  const api = await startFormation(dir);
  const response = await api.request("POST", "/chat", {
    headers: { ...identity("rust"), Accept: "text/event-stream" },
    body: { message: "Hello", stream: true },
  });
  const last = (await collect(framesOf(response))).at(-1);
  expect(last?.event).toBe("error");
  expect(last?.data).toMatchObject({ type: "error", code: expect.stringMatching(/^[A-Z_]+$/) });
  expect(last?.data.error).toBe(last?.data.message);
});

test("two different users in one call are refused", async () => {
  const api = await started();
  const sent = { sdk: "go", ...get, path: "/memories?user_id=eve", user: "ann" };
  expect((await send(api, sent)).body).toMatchObject({ code: "INVALID_REQUEST" });
  expect((await send(api, { ...sent, path: "/memories?user_id=ANN" })).status).toBe(200);
});
