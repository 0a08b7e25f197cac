import { openSecrets } from "@muxi/formation";
import { routes } from "@muxi/protocol";
import { describe, expect, test } from "vitest";
import { keys, startFormation, writeFormation } from "./harness.ts";

const start = async () => startFormation(await writeFormation());

describe("keys", () => {
  test.each(Object.entries(routes))("%s opens with its own key alone", async (_, row) => {
    const api = await start();
    const path = row.path.replaceAll(/\{\w+\}/g, "x");
    const statusWith = async (key: "client" | "admin" | "none") =>
      (
        await api.request(row.method, path, {
          key,
          user: "ann",
          body: row.method === "POST" ? {} : undefined,
        })
      ).status;
    const opens = {
      none: ["client", "admin", "none"],
      client: ["client"],
      admin: ["admin"],
      either: ["client", "admin"],
    };
    for (const key of ["client", "admin", "none"] as const) {
      const isOpen = opens[row.key].includes(key);
      expect((await statusWith(key)) === 401, `${key} key`).toBe(!isOpen);
    }
  });

  test("a wrong key is refused in the envelope, without a word about the right one", async () => {
    const api = await start();
    const { status, body } = await api.get("/status", {
      key: "none",
      headers: { "X-Muxi-Admin-Key": "wrong" },
    });
    expect(status).toBe(401);
    expect(body).toMatchObject({
      object: "error",
      type: "error.authentication",
      success: false,
      error: { code: "UNAUTHORIZED", trace: null },
      data: {},
    });
    expect(JSON.stringify(body)).not.toContain(keys.adminKey);
  });

  test.each([
    "",
    keys.adminKey.slice(0, -1),
    `${keys.adminKey}1`,
    keys.adminKey.toUpperCase(),
    keys.clientKey,
  ])("a key that is nearly right, '%s', is wrong", async (key) => {
    const api = await start();
    const { status } = await api.get("/status", { key: "none", headers: { "X-Muxi-Admin-Key": key } });
    expect(status).toBe(401);
  });
});

describe("bad input", () => {
  const cases: [string, unknown, number, string][] = [
    ["a blank message", { message: "  \n" }, 400, "INVALID_REQUEST"],
    ["no message", {}, 422, "INVALID_PARAMS"],
    ["a message that is no text", { message: 5 }, 422, "INVALID_PARAMS"],
    ["a message over the limit", { message: "x".repeat(100_001) }, 422, "INVALID_PARAMS"],
    ["a message of 10 MB", { message: "x".repeat(10_000_000) }, 422, "INVALID_PARAMS"],
    ["broken JSON", '{"message": ', 400, "INVALID_REQUEST"],
    ["an empty body", "", 422, "INVALID_PARAMS"],
    ["a request id with spaces", { message: "Hi", request_id: "a b" }, 422, "INVALID_PARAMS"],
    ["an unknown agent", { message: "Hi", agent_id: "nobody" }, 404, "AGENT_NOT_FOUND"],
  ];
  test.each(cases)("%s", async (_, body, status, code) => {
    const api = await start();
    const answer = await api.call("POST", "/chat", { body });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).not.toBe("");
    expect(answer.headers.get("x-muxi-request-id")).toBe(answer.body.request.id);
    expect((await api.get("/sessions", { user: "0" })).body.data.count).toBe(0);
  });

  test("validation errors name each field", async () => {
    const api = await start();
    const { body } = await api.call("POST", "/chat", { body: { session_id: 7 } });
    expect(body.error.data.validation_errors).toMatchObject([
      { field: "message", error: "missing" },
      { field: "session_id", error: expect.any(String) },
    ]);
  });

  test("a form is no JSON", async () => {
    const api = await start();
    const { status, body } = await api.call("POST", "/chat", {
      body: "message=hi",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect([status, body.error.code]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  });

  test("an unknown path and an unknown method of a known path are told apart", async () => {
    const api = await start();
    expect((await api.get("/nothing")).body.error.code).toBe("RESOURCE_NOT_FOUND");
    const { status, headers, body } = await api.call("PUT", "/chat", { body: {} });
    expect([status, body.error.code, headers.get("allow")]).toEqual([405, "METHOD_NOT_ALLOWED", "POST"]);
  });
});

describe("users", () => {
  test("a route that needs a user refuses a request without one, and with a blank one", async () => {
    const api = await start();
    for (const headers of [{}, { "X-Muxi-User-ID": "  " }]) {
      const { status, body } = await api.get("/sessions", { headers });
      expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
    }
  });

  test("the header names the user, else the body, else it is user 0", async () => {
    const api = await start();
    const userOf = async (options: { user?: string; body: Record<string, unknown> }) =>
      (
        await api.call("POST", "/chat", {
          ...options,
          body: { message: "Hello", stream: false, ...options.body },
        })
      ).body.data.user_id;
    expect(await userOf({ user: " Ann@Example.com ", body: { user_id: "ann@example.com" } })).toBe(
      "ann@example.com",
    );
    const two = await api.call("POST", "/chat", {
      user: "ann",
      body: { message: "Hello", stream: false, user_id: "bob" },
    });
    expect([two.status, two.body.code]).toEqual([400, "INVALID_REQUEST"]);
    expect(await userOf({ body: { user_id: "bob" } })).toBe("bob");
    expect(await userOf({ body: {} })).toBe("0");
  });
});

test("the request id of the caller is kept, and one is made otherwise", async () => {
  const api = await start();
  const mine = await api.get("/health", { headers: { "X-Muxi-Request-ID": "req_abc" } });
  expect([mine.headers.get("x-muxi-request-id"), mine.body.request.id]).toEqual(["req_abc", "req_abc"]);
  const made = await api.get("/health", { headers: { "X-Muxi-Request-ID": "not an id" } });
  expect(made.body.request.id).toMatch(/^req_\w{21}$/);
  const chat = await api.call("POST", "/chat", {
    body: { message: "Hi", stream: false, request_id: "req_body" },
    headers: { "X-Muxi-Idempotency-Key": "key-1" },
  });
  expect(chat.body.request).toEqual({ id: "req_body", idempotency_key: "key-1" });
  expect(chat.headers.get("x-muxi-request-id")).toBe("req_body");
});

test("any origin may ask, preflight included", async () => {
  const api = await start();
  const preflight = await api.request("OPTIONS", "/chat", {
    key: "none",
    headers: {
      Origin: "https://app.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "x-muxi-client-key, content-type",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(preflight.headers.get("access-control-allow-headers")).toContain("x-muxi-client-key");
  const streamed = await api.request("POST", "/chat", {
    body: { message: "Hi" },
    headers: { Origin: "https://app.example" },
  });
  expect(streamed.headers.get("access-control-allow-origin")).toBe("https://app.example");
  await streamed.text();
});

describe("what a formation tells of itself", () => {
  test("health, status, configuration, document and agents", async () => {
    const api = await startFormation(
      await writeFormation({ "agents/grower.afs": "id: grower\nname: Grower\ndescription: Knows apples\n" }),
    );
    const health = await api.get("/health", { key: "none" });
    expect(health.body.data).toEqual({
      status: "healthy",
      formation_id: "orchard",
      version: expect.any(String),
    });
    const admin = { key: "admin" } as const;
    expect((await api.get("/status", admin)).body.data).toMatchObject({
      formation: { id: "orchard" },
      agents: { count: 1, active: 1 },
      stats: { requests: { total: 0, active: 0 } },
    });
    expect((await api.get("/config", admin)).body.data.agents).toEqual({ total: 1, resource: "/v1/agents" });
    expect((await api.get("/formation", admin)).body.data.id).toBe("orchard");
    expect((await api.get("/agents", admin)).body.data).toMatchObject({
      count: 1,
      agents: [{ id: "grower" }],
    });
    expect((await api.get("/agents/grower", admin)).body.data).toMatchObject({
      id: "grower",
      name: "Grower",
    });
    expect((await api.get("/agents/nobody", admin)).body.error.code).toBe("AGENT_NOT_FOUND");
  });

  test("an agent shows where a secret stands, and not the secret", async () => {
    const dir = await writeFormation({
      "agents/grower.afs":
        'id: grower\nname: Grower\ndescription: Knows apples\nsystem_message: "The code is ${{ secrets.GATE_CODE }}"\n',
    });
    const secrets = await openSecrets(dir);
    await secrets.set("GATE_CODE", "hunter2");
    const api = await startFormation(dir);
    for (const path of ["/agents", "/agents/grower", "/formation"]) {
      const text = await (await api.request("GET", path, { key: "admin" })).text();
      expect(text).toContain("secrets.GATE_CODE");
      expect(text).not.toContain("hunter2");
    }
  });

  test("the OpenAPI document and a page for browsers", async () => {
    const api = await start();
    const document = await (await fetch(`${api.url}/openapi.json`)).json();
    expect(Object.keys(document.paths)).toContain("/v1/chat");
    expect(document.servers).toEqual([{ url: api.url }]);
    const forwarded = {
      "x-forwarded-proto": "https",
      "x-forwarded-host": "apples.example:8443",
      "x-forwarded-prefix": "/api/orchard",
    };
    const behind = await (await fetch(`${api.url}/openapi.json`, { headers: forwarded })).json();
    expect(behind.servers).toEqual([{ url: "https://apples.example:8443/api/orchard" }]);
    const broken = await fetch(`${api.url}/openapi.json`, { headers: { "x-forwarded-host": "a b" } });
    expect((await broken.json()).servers).toEqual([{ url: "/" }]);
    expect(await (await fetch(api.url)).text()).toContain("orchard: Up");
  });
});
