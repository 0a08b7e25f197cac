import { openSecrets } from "@muxi/formation";
import { expect, test } from "vitest";
import {
  type Api,
  collect,
  framesOf,
  manifest,
  startFormation,
  writeFormation,
} from "../../packages/runtime/test/harness.ts";
import { startReceiver } from "../../packages/runtime/test/receiver.ts";
import {
  callsOf,
  countMethods,
  type Expected,
  expectedOf,
  fill,
  headersOf,
  type Known,
  type OldCall,
  type Sdk,
  sdks,
} from "./calls.ts";

/** A formation with one of everything. */
const start = async () => {
  const speech = await startReceiver(() => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: '{"text":"Hello"}',
  }));
  const dir = await writeFormation({
    "formation.afs": `${manifest}agents: [grower]
llm:
  models:
    - { audio: openai/test-speech, api_key: sk-test, settings: { base_url: "${speech.url}" } }
mcp:
  servers:
    - id: tools
      description: Garden tools
      type: http
      endpoint: http://127.0.0.1:9/mcp
      auth: { type: bearer, token: "\${{ user.credentials.tools }}" }
`,
    "agents/grower.afs": 'schema: "1.0.0"\nid: grower\nname: Grower\ndescription: Grows\n',
    "SOUL.md": "You love trees.",
    "triggers/greet.md": "Say hello to ${{ data.name }}",
    "sops/frost.md":
      "---\ntype: sop\nname: Frost\ndescription: When frost comes\n---\n\n1. Cover the trees\n",
  });
  await (await openSecrets(dir)).set("USER_CREDENTIALS_TOOLS", "one for everybody");
  return startFormation(dir);
};

/** What came back: its status, and what was in it. */
const answerTo = async (api: Api, sdk: Sdk, call: OldCall, known: Known, { stream }: Expected) => {
  const [request = "", user] = fill(call.request, known).split(" as ");
  const [method = "", path = ""] = request.split(" ");
  const body = call.body === "" ? undefined : fill(call.body, known);
  const leaving = new AbortController();
  const response = await api.request(method, path, {
    key: call.key === "admin" ? "admin" : "client",
    headers: headersOf(sdk, { isStream: stream !== undefined, hasBody: body !== undefined }),
    signal: leaving.signal,
    ...(user !== undefined && { user }),
    ...(body !== undefined && { body }),
  });
  const { status } = response;
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (stream === "endless") leaving.abort();
  if (stream === "endless" || (isStream && stream === undefined)) return { status, isStream, content: {} };
  if (isStream) return { status, isStream, content: (await collect(framesOf(response))).at(-1)?.data };
  const answer = await response.json();
  return { status, isStream, content: answer.success ? answer.data : answer };
};

const numbersOfMethods: Readonly<Record<Sdk, number>> = {
  first: 72,
  python: 67,
  typescript: 67,
  ruby: 67,
  go: 67,
  rust: 45,
  cpp: 66,
};

test.each<Sdk>([...sdks, "first"])("every method of the client in %s is answered", async (sdk) => {
  const api = await start();
  const known: Known = new Map();
  const calls = callsOf("formation.md", sdk);
  expect(countMethods(calls)).toBe(numbersOfMethods[sdk]);
  for (const call of calls) {
    const expected = expectedOf(call.answer);
    const { status, stream, end } = expected;
    const answer = await answerTo(api, sdk, call, known, expected);
    const content =
      stream === "stream" ? { type: end } : JSON.parse(fill(JSON.stringify(expected.content), known));
    expect.soft({ call, ...answer }).toMatchObject({ call, status, isStream: stream !== undefined, content });
    for (const [name, field] of expected.keeps) known.set(name, answer.content[field]);
  }
});

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

const started = async () => {
  const api = await startFormation(await writeFormation());
  await api.chat("My dog is Rex", { user: "ann", session: "s1" });
  return api;
};

const admin = { key: "admin" } as const;
const get = { method: "GET" } as const;
const post = { method: "POST" } as const;

test("an empty list stands for a map, as PHP writes it", async () => {
  const body = { detail: "Likes plums", metadata: [] };
  const added = await send(await started(), { sdk: "php", ...post, path: "/memories", user: "ann", body });
  expect(added.body.data).toMatchObject({ content: "Likes plums" });
});

test("messages go back as they were listed", async () => {
  const api = await started();
  const path = "/sessions/s1/messages";
  const { messages } = (await send(api, { sdk: "python", ...get, path, user: "ann" })).body.data;
  const restored = await send(api, {
    sdk: "python",
    ...post,
    path: "/sessions/s2/restore",
    user: "ann",
    body: { messages },
  });
  expect(restored.body.data).toMatchObject({ messages_loaded: 2, messages_dropped: 0 });
});

test("the buffer of somebody else's session stays", async () => {
  const sent = { sdk: "rust", method: "DELETE", path: "/memory/buffer/s1?user_id=eve" };
  expect((await send(await started(), sent)).body.data).toMatchObject({
    user_id: "eve",
    messages_cleared: 0,
  });
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
