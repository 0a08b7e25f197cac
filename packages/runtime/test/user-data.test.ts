import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { tables } from "../src/store/migrations/index.ts";
import { actsTable, identityTables, tablesOfNobody, userTables } from "../src/store/user-tables.ts";
import { dumpSqlite } from "./database-dumps.ts";
import { type Api, framesOf, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, databaseOf, onPostgres, query } from "./postgres.ts";
import { startImpatient, writeTestFormation } from "./processes.ts";

/** A word that only Ann says, or that is said of her. */
const marker = "quetzalcoatl";

/** All rows of a formation's database, as text. */
const rowsOf = async (dir: string, database?: string): Promise<string[]> => {
  if (!onPostgres) return dumpSqlite(path.join(dir, "memory.db")).split("\n");
  const url = database ?? (await databaseOf(dir));
  const rows = await Promise.all(
    tables.map((table) => query(`select '${table} ' || t::text as row from ${table} as t`, url)),
  );
  return rows.flat().map(({ row }) => String(row));
};

const messagesIn = async (file: string, database: string | undefined): Promise<number> => {
  const counting = "select count(*) as messages from message";
  if (database !== undefined) return Number((await query(counting, database))[0]?.messages);
  using db = new DatabaseSync(file, { readOnly: true });
  return Number(db.prepare(counting).get()?.messages);
};

const naming = (rows: readonly string[], ...words: readonly string[]): string[] =>
  rows.filter((row) => words.some((word) => row.toLowerCase().includes(word)));

const linesOf = async (api: Api, user: string) => {
  const response = await api.request("GET", `/users/${encodeURIComponent(user)}/export`, { key: "admin" });
  expect(response.status).toBe(200);
  return (await response.text())
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
};

const remove = (api: Api, user: string) =>
  api.call("DELETE", `/users/${encodeURIComponent(user)}`, { key: "admin" });

/** Gives a user something in every table that a call can write to. */
const settle = async (api: Api, user: string, said: string): Promise<void> => {
  await api.chat(`My favourite bird is the ${said}`, { user, session: `session-${user}` });
  await api.chat(`My favourite bird is the old ${said}`, { user, session: `session-${user}` });
  await api.call("POST", "/memories", { user, body: { type: "preference", detail: `Likes ${said}` } });
  await api.call("POST", "/memories/batch", {
    user,
    body: { items: [{ content: `The ${said} is back`, source: "crm" }] },
  });
  await api.call("POST", "/memories", {
    user,
    key: "admin",
    body: { content: "The gate is open", scope: "formation", subject: `gate of ${user.length}` },
  });
  await api.call("POST", "/credentials", {
    user,
    body: { service: "github", credential: { token: `${said}-0123456789` } },
  });
  await api.call("POST", "/scheduler/jobs", {
    user,
    key: "admin",
    body: { type: "prompt", schedule: "0 9 * * *", message: `Say ${said}` },
  });
  const { body } = await api.call("POST", "/chat", {
    user,
    body: {
      message: `Where does the ${said} nest?`,
      mode: "async",
      webhook_url: "http://127.0.0.1:1024/hook",
    },
  });
  expect(body.error).toBeNull();
  await untilStatus(api, body.data.request_id, "completed", user);
};

test("each table has a part in what is exported and deleted of a user, or a reason why not", () => {
  const named = [
    ...userTables.flatMap(({ name, dependents = [] }) => [name, ...dependents.map((each) => each.name)]),
    actsTable.name,
    ...identityTables,
    ...Object.keys(tablesOfNobody),
  ];
  expect(named.toSorted()).toEqual([...tables].sort());
});

test("all that is stored of a user is exported, and of nobody else", async () => {
  const api = await startFormation(await writeFormation());
  await settle(api, "ann@example.com", marker);
  await settle(api, "bob@example.com", "pelican");
  const lines = await linesOf(api, "ann@example.com");
  expect(lines[0]).toEqual({ type: "user", id: null, identifiers: [] });
  expect(new Set(lines.map(({ type }) => type))).toEqual(
    new Set([
      ...["user", "job", "job_creation", "request", "delivery", "session", "message", "memory"],
      ...["memory_version", "ingestion", "credential", "audit"],
    ]),
  );
  const memory = lines.find(({ type, content }) => type === "memory" && content.includes("old"));
  expect(memory).toMatchObject({
    content: `My favourite bird is the old ${marker}`,
    session_id: "session-ann@example.com",
    pinned: false,
  });
  expect(lines.find(({ type }) => type === "memory_version")).toMatchObject({
    content: `My favourite bird is the ${marker}`,
    memory_id: memory.id,
  });
  const sessions = lines.filter(({ type }) => type === "session").map(({ id }) => id);
  const messages = lines.filter(({ type }) => type === "message");
  expect(messages).toHaveLength(6);
  for (const { session_id } of messages) expect(sessions).toContain(session_id);
  expect(lines.find(({ type }) => type === "credential")).toEqual({
    type: "credential",
    id: expect.stringMatching(/^cred_/),
    service: "github",
    name: "github",
    created_at: expect.any(String),
    updated_at: expect.any(String),
  });
  expect(JSON.stringify(lines)).not.toContain("pelican");
  expect(JSON.stringify(lines)).not.toContain("bob@");
});

test("nothing in the database names a user who was deleted or what they said, and everybody else has what they had", async () => {
  const dir = await writeFormation();
  const api = await startFormation(dir);
  await settle(api, "bob@example.com", "pelican");
  // His webhook goes on being tried.
  const kept = async () => (await linesOf(api, "bob@example.com")).filter(({ type }) => type !== "delivery");
  const bobs = await kept();
  await settle(api, "ann@example.com", marker);
  const { body: resolved } = await api.call("POST", "/users/resolve", {
    body: { identifier: "ann@example.com" },
  });
  const { muxi_user_id } = resolved.data;
  // What is said under a name before it becomes one of hers is hers too.
  await settle(api, "quetzal-phone", marker);
  await api.call("POST", "/users/identifiers", { body: { muxi_user_id, identifiers: ["quetzal-phone"] } });

  const answer = await remove(api, muxi_user_id);
  expect(answer.body).toMatchObject({
    type: "user.deleted",
    data: { identifier: muxi_user_id, muxi_user_id, deleted: { session: 4, job: 2, credential: 2 } },
  });
  const left = naming(await rowsOf(dir), "quetzal", "ann@example.com", muxi_user_id);
  // Of the acts with the admin key, whom they were on.
  expect(left.filter((row) => !/^(insert into )?audit /.test(row))).toEqual([]);
  expect(left.join("\n")).not.toContain(marker);
  expect(await kept()).toEqual(bobs);
  expect((await api.get("/memories", { user: "bob@example.com" })).body.data.count).toBeGreaterThan(2);

  expect((await remove(api, muxi_user_id)).body.error.code).toBe("RESOURCE_NOT_FOUND");
  for (const user of ["ann@example.com", "quetzal-phone"]) {
    const chat = await api.chat("What is my favourite bird?", { user });
    expect(JSON.stringify(chat.body)).not.toContain(marker);
    expect((await api.get("/memories?scopes=user", { user })).body.data.count).toBe(0);
  }
  await api.chat("I live in Faro", { user: "quetzal-phone" });
  expect((await api.get("/memories?scopes=user", { user: "ann@example.com" })).body.data.count).toBe(0);
});

test("who had an identifier before is not found by it once its next user is deleted", async () => {
  const api = await startFormation(await writeFormation());
  await api.chat("My favourite bird is the heron", { user: "ann" });
  const { muxi_user_id } = (await api.call("POST", "/users/resolve", { body: { identifier: "ann" } })).body
    .data;
  await api.call("POST", "/users/identifiers", { body: { muxi_user_id, identifiers: ["ann-2"] } });
  await api.call("DELETE", "/users/identifiers/ann");
  await api.chat("My favourite bird is the stork", { user: "ann" });

  expect((await remove(api, "ann")).status).toBe(200);
  expect((await api.get("/memories", { user: "ann" })).body.data.memories).toEqual([]);
  expect((await api.get("/memories", { user: "ann-2" })).body.data.memories).toMatchObject([
    { content: "My favourite bird is the heron" },
  ]);
});

test("a request under way is stopped before its user is deleted, and nothing of it comes after", async () => {
  const models = await startModelServer();
  models.defaultReply = { text: ["The ", marker], stallAfter: 2 };
  const dir = await writeTestFormation(models.url, {});
  const api = await startFormation(dir);
  const begun = await api.call("POST", "/chat", {
    user: "ann",
    body: { message: `Where does the ${marker} nest?`, mode: "async", request_id: "req_quetzal" },
  });
  expect(begun.status).toBe(202);
  await untilStatus(api, "req_quetzal", "processing");
  expect((await remove(api, "ann")).body.data.deleted).toMatchObject({ request: 1, session: 1 });
  expect((await api.get("/requests/req_quetzal", { user: "ann" })).status).toBe(404);
  await api.runtime.close(0);
  await models.close();
  const left = naming(await rowsOf(dir), marker, "req_quetzal");
  expect(left).toEqual([]);
});

test("of a user who is at work while being deleted, nothing is left where nobody finds it", {
  timeout: 120_000,
}, async () => {
  const dir = await writeFormation();
  const api = await startFormation(dir);
  await api.chat(`My favourite bird is the ${marker}`, { user: "ann@example.com" });
  const { body } = await api.call("POST", "/users/resolve", { body: { identifier: "ann@example.com" } });
  const { muxi_user_id } = body.data;
  await api.call("POST", "/users/identifiers", { body: { muxi_user_id, identifiers: ["phone"] } });
  const isDeleted = new AbortController();
  const work = Array.from({ length: 2 }, async (_, number) => {
    for (let said = 0; !isDeleted.signal.aborted; said++)
      await api.chat(`I know tree ${number} ${said}`, { user: "phone", session: `s${number}` });
  });
  const { status } = await remove(api, muxi_user_id);
  isDeleted.abort();
  await Promise.all(work);
  expect(status).toBe(200);
  await api.runtime.close(0);
  const left = naming(await rowsOf(dir), "ann@example.com");
  expect(left.filter((row) => !/^(insert into )?audit /.test(row))).toEqual([]);
});

test("the operator's log tells that a user was deleted, for what keeps events elsewhere", async () => {
  const api = await startFormation(await writeFormation());
  await api.chat("Hello", { user: "ann" });
  const frames = framesOf(await api.request("GET", "/logs?event_type=user.*", { key: "admin" }));
  const told = frames.next();
  await remove(api, "ann");
  expect((await told).value?.data).toMatchObject({
    event_type: "user.deleted",
    user_id: "ann",
    data: { rows: { session: 1, message: 2, request: 1 } },
  });
  await frames.return(undefined);
});

test("a deletion that was cut off is finished by the same call", { timeout: 60_000 }, async () => {
  const models = await startModelServer();
  const database = onPostgres ? await createSchema() : undefined;
  const dir = await writeTestFormation(models.url, { ...(database && { database }) });
  const first = await startImpatient(dir, 30_000);
  const messages = Array.from({ length: 500 }, (_, number) => ({
    role: number % 2 === 0 ? "user" : "assistant",
    content: `${marker} ${number}`,
    timestamp: "2026-01-01T00:00:00Z",
  }));
  const sessions = Array.from({ length: 20 }, (_, number) => `s${number}`);
  for (const session of sessions)
    await first.api.call("POST", `/sessions/${session}/restore`, { user: "ann", body: { messages } });
  await first.api.call("POST", "/users/resolve", { body: { identifier: "ann" } });
  const left = async () => (await first.api.get("/sessions?limit=100", { user: "ann" })).body.data.count;
  expect(await left()).toBe(sessions.length);
  const cut = remove(first.api, "ann").catch(() => undefined);
  const file = path.join(dir, "memory.db");
  await until("some is deleted", async () => (await messagesIn(file, database)) < 500 * sessions.length);
  await first.crash();
  await cut;
  expect(naming(await rowsOf(dir, database), marker)).not.toEqual([]);

  const second = await startImpatient(dir, 30_000);
  expect((await remove(second.api, "ann")).status).toBe(200);
  expect(naming(await rowsOf(dir, database), marker, "ann")).toMatchObject([expect.stringMatching(/audit/)]);
  await second.crash();
  await models.close();
});
