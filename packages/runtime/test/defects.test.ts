import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { collect, framesOf, startFormation, writeFormation } from "./harness.ts";
import { onPostgres } from "./postgres.ts";

const start = async (files: Record<string, string> = {}) => startFormation(await writeFormation(files));

/** What other runtimes do wrong, as far as no test of the subject itself shows it. */
describe("defects that are not repeated", () => {
  test("3: a stream of an unknown request is an error, and the admin follows without naming a user", async () => {
    const api = await start();
    await api.call("POST", "/chat", {
      user: "ann",
      body: { message: "Hello", session_id: "s1", request_id: "req_1", stream: false },
    });
    for (const [user, request] of [
      ["ann", "req_2"],
      ["bob", "req_1"],
    ] as const) {
      const { status, body } = await api.get(`/events/s1/${request}`, { user });
      expect([status, body.error.code]).toEqual([404, "REQUEST_NOT_FOUND"]);
    }
    const frames = await collect(framesOf(await api.request("GET", "/events/s1/req_1", { key: "admin" })));
    expect([frames[0]?.event, frames.at(-1)?.event]).toEqual(["progress", "done"]);
  });

  test("10: the admin clears everybody's buffer, or one session's, without naming a user", async () => {
    const api = await start();
    const total = async () => (await api.get("/memory/stats", { key: "admin" })).body.data.total_entries;
    for (const user of ["ann", "bob"]) await api.chat("Hello", { user, session: `s_${user}` });
    expect(await total()).toBe(4);
    const one = await api.call("DELETE", "/memory/buffer/s_ann", { key: "admin" });
    expect(one.body.data).toMatchObject({ messages_cleared: 2, session_id: "s_ann", user_id: null });
    await api.chat("Hello", { user: "ann", session: "s_ann" });
    const all = await api.call("DELETE", "/memory/buffer", { key: "admin" });
    expect(all.body.data).toMatchObject({ messages_cleared: 4, sessions_cleared: 2, user_id: null });
    expect(await total()).toBe(0);
  });

  test("11: to delete one credential leaves the others of its service", async () => {
    const api = await start();
    const ids: string[] = [];
    for (const name of ["work", "home"]) {
      const body = { service: "github", name, credential: { token: `token-of-${name}-0123` } };
      ids.push((await api.call("POST", "/credentials", { user: "ann", body })).body.data.credential_id);
    }
    expect((await api.call("DELETE", `/credentials/${ids[0]}`, { user: "ann" })).status).toBe(200);
    const { data } = (await api.get("/credentials", { user: "ann" })).body;
    expect(data.credentials.map(({ name }: { name: string }) => name)).toEqual(["home"]);
  });

  test("13: a missing trigger says nothing of files, and both calls check its name", async () => {
    const api = await start();
    const calls = (name: string) => [
      api.get(`/triggers/${name}`),
      api.call("POST", `/triggers/${name}`, { body: { data: {} } }),
    ];
    for (const { status, body } of await Promise.all(calls("nothing"))) {
      expect([status, body.error.message]).toEqual([404, expect.not.stringMatching(/\.md|\/tmp|ENOENT/)]);
    }
    for (const { status, body } of await Promise.all(calls("..%2F..%2Fformation"))) {
      expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
    }
  });

  test("14: a chat always has a request id, the same wherever it stands", async () => {
    const api = await start();
    const { headers, body } = await api.chat("Hello");
    expect(body.data.request_id).toMatch(/^req_\w{21}$/);
    expect([headers.get("x-muxi-request-id"), body.request.id]).toEqual(Array(2).fill(body.data.request_id));
    expect((await api.get(`/requests/${body.data.request_id}`, { user: "0" })).body.data.status).toBe(
      "completed",
    );
  });

  test("16: whatever is not found says so in status and type", async () => {
    const api = await start();
    for (const [at, key] of [
      ["/sessions/x", "client"],
      ["/requests/x", "client"],
      ["/sops/x", "client"],
      ["/triggers/x", "client"],
      ["/agents/x", "admin"],
      ["/mcp/servers/x", "admin"],
      ["/x", "client"],
    ] as const) {
      const { status, body } = await api.get(at, { key, user: "ann" });
      expect([at, status, body.type, body.success]).toEqual([at, 404, "error.not_found", false]);
      expect(body.error.code).toMatch(/NOT_FOUND$/);
    }
  });

  test.skipIf(onPostgres)(
    "19: what breaks inside stays inside; the caller gets the id under which it is logged",
    async () => {
      const dir = await writeFormation();
      const api = await startFormation(dir);
      const database = new DatabaseSync(path.join(dir, "memory.db"));
      database.exec("alter table memory rename column content to gone");
      database.close();
      const { status, body } = await api.get("/memories", { user: "ann" });
      expect([status, body.error.code, body.error.trace]).toEqual([500, "INTERNAL_ERROR", null]);
      expect(body.error.message).toContain(body.request.id);
      expect(JSON.stringify(body)).not.toMatch(/no such|select|sqlite|\.ts/i);
    },
  );
});
