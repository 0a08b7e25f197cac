import { routes } from "@muxi/protocol";
import { expect, test } from "vitest";
import { type Api, startFormation, writeFormation } from "./harness.ts";

interface Call {
  method: string;
  path: string;
  user?: string;
  key?: "client" | "admin";
  body?: unknown;
}

interface OldCall {
  old: Call;
  /** What docs/spec/formation-api.md "Aliases for older clients" says is the correct call. */
  meant: Call;
  prepare?: (api: Api) => Promise<unknown>;
}

const chat = (api: Api) => api.chat("My dog is Rex", { user: "ann", session: "s1" });
const remember = (api: Api) =>
  api.call("POST", "/memories", { user: "ann", body: { type: "fact", detail: "Likes pears" } });
const identify = (api: Api) => api.call("POST", "/users/resolve", { body: { identifier: "ann" } });

/** The rows of 4.23 that have a correct call which reads. */
const reads: readonly OldCall[] = [
  {
    old: { method: "GET", path: "/memory/user?user_id=ann" },
    meant: { method: "GET", path: "/memories", user: "ann" },
    prepare: remember,
  },
  {
    old: { method: "GET", path: "/memory/buffer/ann" },
    meant: { method: "GET", path: "/memory/buffer", user: "ann" },
    prepare: chat,
  },
  {
    old: { method: "GET", path: "/scheduler/config", key: "admin" },
    meant: { method: "GET", path: "/scheduler", key: "admin" },
  },
  {
    old: { method: "GET", path: "/async/jobs?user_id=ann" },
    meant: { method: "GET", path: "/requests", user: "ann" },
  },
  {
    old: { method: "GET", path: "/async/jobs/req_none?user_id=ann" },
    meant: { method: "GET", path: "/requests/req_none", user: "ann" },
  },
  {
    old: { method: "DELETE", path: "/async/jobs/req_none?user_id=ann" },
    meant: { method: "DELETE", path: "/requests/req_none", user: "ann" },
  },
  {
    old: { method: "GET", path: "/users/resolve?identifier=ann" },
    meant: { method: "GET", path: "/users/ann" },
    prepare: identify,
  },
  {
    old: { method: "GET", path: "/users/resolve?identifier=ann&create_user=true" },
    meant: { method: "POST", path: "/users/resolve", body: { identifier: "ann" } },
    prepare: identify,
  },
];

const answerTo = async (api: Api, { method, path, ...options }: Call) => {
  const { status, body } = await api.call(method, path, options);
  const { object, type, data, error } = body;
  return { status, object, type, data, code: error?.code };
};

for (const { old, meant, prepare } of reads) {
  test(`${old.method} ${old.path}`, async () => {
    const api = await startFormation(await writeFormation());
    await prepare?.(api);
    const expected = await answerTo(api, meant);
    expect(expected.code).not.toBe("RESOURCE_NOT_FOUND");
    expect(await answerTo(api, old)).toEqual(expected);
  });
}

test("POST and DELETE /memory", async () => {
  const api = await startFormation(await writeFormation());
  const added = await api.call("POST", "/memory", {
    body: { user_id: "ann", type: "fact", detail: "Likes pears" },
  });
  expect(added.body).toMatchObject({ success: true, type: routes.addMemory.type });
  const { id } = added.body.data;
  expect((await api.get("/memories", { user: "ann" })).body.data.memories[0].id).toBe(id);
  expect((await api.call("DELETE", `/memory/${id}?user_id=ann`)).status).toBe(200);
  expect((await api.get("/memories", { user: "ann" })).body.data.memories).toEqual([]);
});

test("DELETE /memory/buffer/{user_id} and /{user_id}/{session_id}", async () => {
  const api = await startFormation(await writeFormation());
  const held = async () => (await api.get("/memory/buffer", { user: "ann" })).body.data.total_messages > 0;
  for (const path of ["/memory/buffer/ann", "/memory/buffer/ann/s1"]) {
    await chat(api);
    expect(await held()).toBe(true);
    expect((await api.call("DELETE", path)).status).toBe(200);
    expect(await held()).toBe(false);
  }
  // With a user named, the path holds a session as ever.
  await chat(api);
  await api.call("DELETE", "/memory/buffer/ann", { user: "ann" });
  expect(await held()).toBe(true);
});

test("POST /secrets/{key}", async () => {
  const api = await startFormation(await writeFormation());
  for (const value of ["first", "second"]) {
    const set = await api.call("POST", "/secrets/TOKEN", { key: "admin", body: { value } });
    expect(set.status).toBe(200);
  }
  expect((await api.get("/secrets", { key: "admin" })).body.data.secrets).toHaveProperty("TOKEN");
});

test("GET /users/{id}/identifiers", async () => {
  const api = await startFormation(await writeFormation());
  const { body } = await identify(api);
  const { muxi_user_id } = body.data;
  const { data } = (await api.get(`/users/${muxi_user_id}/identifiers`)).body;
  expect(data).toEqual((await api.get(`/users/identifiers/${muxi_user_id}`)).body.data);
  expect(data.identifiers).toEqual([expect.objectContaining({ identifier: "ann" })]);
});

test("POST /triggers/{name}?async= with the bare data", async () => {
  const dir = await writeFormation({ "triggers/greet.md": "Say hello to ${{ data.name }}" });
  const api = await startFormation(dir);
  const { status, body } = await api.call("POST", "/triggers/greet?async=false", { body: { name: "Ann" } });
  expect(status).toBe(200);
  expect(body.data.status).toBe("completed");
});

test("GET /requests/{id}/stream replays the request", async () => {
  const api = await startFormation(await writeFormation());
  await api.call("POST", "/chat", {
    user: "ann",
    body: { message: "Hello", session_id: "s1", request_id: "req_1", stream: false },
  });
  const response = await api.request("GET", "/requests/req_1/stream?user_id=ann&session_id=s1");
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(await response.text()).toContain("event: done");
});

test("GET /events/{user_id} follows the user", async () => {
  const api = await startFormation(await writeFormation());
  const leaving = new AbortController();
  const response = await api.request("GET", "/events/ann", { signal: leaving.signal });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  leaving.abort();
});

test("POST /logs/stream takes its filters from the body", async () => {
  const api = await startFormation(await writeFormation());
  const leaving = new AbortController();
  const response = await api.request("POST", "/logs/stream", {
    key: "admin",
    body: { level: "ERROR" },
    signal: leaving.signal,
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  leaving.abort();
  expect((await api.call("POST", "/logs/stream", { key: "admin", body: {} })).status).toBe(400);
});

test("the idempotency key in its older spelling", async () => {
  const api = await startFormation(await writeFormation());
  const { body } = await api.call("POST", "/chat", {
    body: { message: "Hello", stream: false },
    headers: { "Idempotency-Key": "key-1" },
  });
  expect(body.request.idempotency_key).toBe("key-1");
});

test("what nobody means stays an error", async () => {
  const api = await startFormation(await writeFormation());
  expect((await api.call("POST", "/async/jobs", { body: {} })).status).toBe(404);
});
