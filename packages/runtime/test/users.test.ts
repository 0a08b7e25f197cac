import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { type Api, startFormation, writeFormation } from "./harness.ts";
import { onPostgres } from "./postgres.ts";

const start = async () => {
  const dir = await writeFormation();
  return { dir, api: await startFormation(dir) };
};

const sessionsOf = async (api: Api, user: string): Promise<string[]> =>
  (await api.get("/sessions", { user })).body.data.sessions.map(
    ({ session_id }: { session_id: string }) => session_id,
  );

const resolve = (api: Api, identifier: string) =>
  api.call("POST", "/users/resolve", { body: { identifier, identifier_type: "email" } });

test("a user is made once, keeps what was said before, and is found by each of its identifiers", async () => {
  const { api } = await start();
  await api.chat("Hello", { user: "Ann@Example.com", session: "hers" });
  expect((await api.get("/users/nobody@example.com")).body.error.code).toBe("RESOURCE_NOT_FOUND");

  const [one, two] = await Promise.all([resolve(api, "ann@example.com"), resolve(api, " ANN@example.com ")]);
  expect(one.body.data).toMatchObject({
    identifier: "ann@example.com",
    muxi_user_id: expect.stringMatching(/^usr_[0-9a-f]{12}$/),
  });
  expect(two.body.data).toEqual({ ...one.body.data, request_id: undefined });
  const { muxi_user_id } = one.body.data;
  expect((await api.get("/users/ann%40example.com")).body.data.muxi_user_id).toBe(muxi_user_id);

  const linked = await api.call("POST", "/users/identifiers", {
    body: {
      muxi_user_id,
      identifiers: ["U123", ["+49 1234", "phone"], { identifier: "tg-1", type: "telegram" }],
    },
  });
  expect(linked.body.data).toEqual({
    muxi_user_id,
    identifiers: [
      { identifier: "u123", type: "unknown" },
      { identifier: "+49 1234", type: "phone" },
      { identifier: "tg-1", type: "telegram" },
    ],
    count: 3,
  });
  expect(await sessionsOf(api, "u123")).toEqual(["hers"]);
  expect((await api.get("/users/tg-1")).body.data.muxi_user_id).toBe(muxi_user_id);
  const { body } = await api.get(`/users/identifiers/${muxi_user_id}`);
  expect(body.data).toMatchObject({ muxi_user_id, count: 4 });
  expect((await api.get("/users/identifiers/usr_none")).status).toBe(404);
});

test("an operator sees what all users are known by, without what was taken away", async () => {
  const { api } = await start();
  const ann = (await resolve(api, "ann")).body.data.muxi_user_id;
  await api.call("POST", "/users/identifiers", { body: { muxi_user_id: ann, identifiers: ["old"] } });
  await api.call("DELETE", "/users/identifiers/old");
  const list = async (query = "") =>
    (await api.get(`/users/identifiers${query}`, { key: "admin" })).body.data;
  expect(await list()).toMatchObject({
    identifiers: [{ identifier: "ann", type: "email", muxi_user_id: ann }],
    count: 1,
  });
  await resolve(api, "bob");
  expect(await list("?limit=1")).toMatchObject({ count: 1 });
  expect((await list()).count).toBe(2);
  expect((await api.get("/users/identifiers")).status).toBe(401);
});

test("a user is not made where that was not wanted", async () => {
  const { api } = await start();
  const look = () => api.call("POST", "/users/resolve", { body: { identifier: "ann", create_user: false } });
  expect((await look()).body.error.code).toBe("RESOURCE_NOT_FOUND");
  expect((await api.get("/users/ann")).status).toBe(404);
  const { muxi_user_id } = (await resolve(api, "ann")).body.data;
  expect((await look()).body.data).toMatchObject({ identifier: "ann", muxi_user_id });
});

test("who has talked is known", async () => {
  const { api } = await start();
  await api.chat("Hello", { user: "bob" });
  expect((await api.get("/users/bob")).body.data).toMatchObject({
    identifier: "bob",
    internal_user_id: "bob",
  });
});

test("an identifier that moves or is taken away reaches nothing of the user that it had", async () => {
  const { dir, api } = await start();
  await api.chat("Mine", { user: "ann", session: "of-ann" });
  await api.chat("Mine too", { user: "bob", session: "of-bob" });
  const ann = (await resolve(api, "ann")).body.data.muxi_user_id;
  const bob = (await resolve(api, "bob")).body.data.muxi_user_id;
  const link = (muxi_user_id: string, identifier: string) =>
    api.call("POST", "/users/identifiers", { body: { muxi_user_id, identifiers: [identifier] } });

  await link(ann, "shared");
  expect(await sessionsOf(api, "shared")).toEqual(["of-ann"]);
  await link(bob, "shared");
  expect(await sessionsOf(api, "shared")).toEqual(["of-bob"]);

  const removed = await api.call("DELETE", "/users/identifiers/ann");
  expect(removed.body.data.muxi_user_id).toBe(ann);
  expect((await api.call("DELETE", "/users/identifiers/ann")).status).toBe(404);
  expect(await sessionsOf(api, "ann")).toEqual([]);
  await api.chat("Anew", { user: "ann", session: "new" });
  expect(await sessionsOf(api, "ann")).toEqual(["new"]);

  await api.runtime.close(0);
  const again = await startFormation(dir);
  expect(await sessionsOf(again, "ann")).toEqual(["new"]);
  expect(await sessionsOf(again, "shared")).toEqual(["of-bob"]);
  expect((await again.get("/users/ann")).status).toBe(404);
});

test("identifiers take the client's key or the admin's", async () => {
  const { api } = await start();
  for (const key of ["client", "admin"] as const) {
    const made = await api.call("POST", "/users/identifiers", { key, body: { identifiers: [`by-${key}`] } });
    const { muxi_user_id } = made.body.data;
    const { body } = await api.get(`/users/identifiers/${muxi_user_id}`, { key });
    expect(body.data.identifiers).toMatchObject([{ identifier: `by-${key}` }]);
    expect((await api.call("DELETE", `/users/identifiers/by-${key}`, { key })).status).toBe(200);
  }
  expect((await api.get("/users/ann", { key: "admin" })).status).toBe(401);
});

test("everybody's user and bad identifiers are refused", async () => {
  const { api } = await start();
  expect((await resolve(api, "0")).body.error.code).toBe("INVALID_REQUEST");
  expect((await resolve(api, "  ")).status).toBe(422);
  const associate = (body: unknown) => api.call("POST", "/users/identifiers", { body });
  expect((await associate({ identifiers: [] })).status).toBe(422);
  expect((await associate({ muxi_user_id: "usr_none", identifiers: ["x"] })).status).toBe(404);
  const made = await associate({ identifiers: ["x", "y"] });
  expect((await api.get("/users/y")).body.data.muxi_user_id).toBe(made.body.data.muxi_user_id);
});

test.skipIf(onPostgres)(
  "credentials are stored encrypted, shown in part, and deleted one by one",
  async () => {
    const { dir, api } = await start();
    const token = "ghp_abcdefghijklmnopqrstuvwxyz";
    const add = (body: unknown, user = "ann") => api.call("POST", "/credentials", { user, body });

    const created = await add({ service: " GitHub ", credential: { login: "ann-the-user", token } });
    expect([created.status, created.body.type]).toEqual([201, "credentials.created"]);
    expect(created.body.data).toMatchObject({
      service: "github",
      name: "github",
      credential_preview: "ghp_abc*****xyz",
    });
    const second = await add({ service: "github", credential: { token: "short" }, name: "work" });
    expect(second.body.data.credential_preview).toBe("***redacted***");

    const same = await add({
      service: "github",
      credential: { token, login: "ann-the-user" },
      name: "third",
    });
    expect(same.body.error.code).toBe("CONFLICT");
    expect((await add({ service: "github", credential: { token: "other" } })).body.error.code).toBe(
      "CONFLICT",
    );
    expect((await add({ service: "git hub", credential: { token } })).body.error.code).toBe(
      "VALIDATION_ERROR",
    );
    expect((await add({ service: "github", credential: {} })).body.error.code).toBe("VALIDATION_ERROR");
    expect((await api.get("/credentials")).body.error.code).toBe("INVALID_REQUEST");

    const { credential_id } = created.body.data;
    const listed = await api.get("/credentials", { user: "ann", key: "admin" });
    expect(listed.body.data.count).toBe(2);
    expect(JSON.stringify(listed.body)).not.toContain(token);
    expect((await api.get("/credentials", { user: "bob" })).body.data.count).toBe(0);
    expect((await api.get(`/credentials/${credential_id}`, { user: "bob" })).status).toBe(404);
    expect((await api.call("DELETE", `/credentials/${credential_id}`, { user: "bob" })).status).toBe(404);
    expect((await api.get(`/credentials/${credential_id}`, { user: "ann" })).body.data.name).toBe("github");

    expect((await api.call("DELETE", `/credentials/${credential_id}`, { user: "ann" })).body.data).toEqual({
      credential_id,
      deleted: true,
    });
    expect((await api.get("/credentials", { user: "ann" })).body.data.credentials).toMatchObject([
      { name: "work" },
    ]);
    await api.runtime.close(0);
    expect(await readFile(path.join(dir, "memory.db"), "latin1")).not.toContain("short");
  },
);
