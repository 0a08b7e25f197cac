import { globSync } from "node:fs";
import path from "node:path";
import { openSecrets } from "@muxi/formation";
import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { migrations } from "../src/store/migrations/index.ts";
import { loadPostgres, loadSqlite } from "./database-dumps.ts";
import { type Api, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import {
  meaningOf,
  readStored,
  repeatable,
  storedAt,
  storedDatabases,
  storedFiles,
  storedMemories,
  storedNames,
  storedSecrets,
  storedVersion,
  unanswered,
} from "./stored-formation.ts";

const hour = 3_600_000;

/** A formation that goes on with a stored database, an hour after it was stored. */
const resumeStored = async (name: string) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.embed = meaningOf;
  const dir = await writeFormation(storedFiles(models.url));
  const secrets = await openSecrets(dir);
  for (const [key, value] of Object.entries(storedSecrets)) await secrets.set(key, value);
  const dump = readStored(name);
  const database = onPostgres ? await createSchema() : undefined;
  if (database === undefined) loadSqlite(dump, path.join(dir, "memory.db"));
  else await loadPostgres(dump, database);
  const startedAt = performance.now();
  const now = () => Math.round(storedAt + hour + performance.now() - startedAt);
  return { models, api: await startFormation(dir, { now, ...(database && { database }) }) };
};

const ann = { user: "ann" };
const ben = { user: "ben" };
const admin = { key: "admin" } as const;

const dataOf = async (api: Api, route: string, options: Parameters<Api["get"]>[1]) => {
  const { status, body } = await api.get(route, options);
  expect({ route, status }).toEqual({ route, status: 200 });
  return body.data;
};

const pick = (items: readonly Record<string, unknown>[], field: string) => items.map((item) => item[field]);

/** What the model is shown with a message. */
const promptOf = async (models: ModelServer, api: Api, message: string, session: string) => {
  expect((await api.chat(message, { ...ann, session })).status).toBe(200);
  return JSON.stringify(models.requests.findLast(({ body }) => JSON.stringify(body).includes(message))?.body);
};

/** The databases of the first schemas have names, and not numbers. */
const hasVersions = (name: string) => /^\d/.test(name) && name >= "0017.sql";

describe.each(storedNames)("a formation goes on with the stored database %s", (name) => {
  test("what was stored is found", async () => {
    const { api } = await resumeStored(name);
    expect(pick((await dataOf(api, "/sessions", ann)).sessions, "session_id").sort()).toEqual([
      "s1",
      "s2",
      "s4",
    ]);
    expect(pick((await dataOf(api, "/sessions", ben)).sessions, "session_id")).toEqual(["s3"]);
    const { messages } = await dataOf(api, "/sessions/s1/messages", ann);
    const answer = "Hello from the model.";
    expect(pick(messages, "content")).toEqual(["Which apple is best?", answer, "And which pear?", answer]);
    expect((await dataOf(api, "/sessions/s1/messages", ben)).messages).toEqual([]);
    // Found by the other name of its user, too.
    expect((await dataOf(api, "/sessions/s1", { user: "ann@orchard.example" })).message_count).toBe(4);

    expect(await dataOf(api, "/requests/req_pear", ann)).toMatchObject({
      status: "completed",
      result: answer,
    });
    expect(await dataOf(api, "/requests/req_later", ann)).toMatchObject({
      status: "completed",
      result: answer,
    });
    const { requests } = await dataOf(api, "/requests", admin);
    expect(pick(requests, "request_id").slice(-5)).toEqual([
      "req_later",
      "req_cold",
      "req_prune",
      "req_pear",
      "req_apple",
    ]);
    expect(pick((await dataOf(api, "/deliveries", admin)).deliveries, "status")).toEqual(["sent"]);

    const { memories } = await dataOf(api, "/memories", ann);
    expect(pick(memories, "content").sort()).toEqual(storedMemories);
    expect(pick((await dataOf(api, "/memories", ben)).memories, "content")).toEqual(["Owns two ladders"]);
    const replaced = memories.find(({ content }: { content: string }) => content === storedMemories[0]);
    const { history, origin } = await dataOf(api, `/memories/${replaced.id}`, ann);
    expect(origin.source).toBe("api");
    expect(pick(history, "content")).toEqual(hasVersions(name) ? [storedVersion] : []);
    const { jobs } = await dataOf(api, "/scheduler/jobs", ann);
    expect(pick(jobs, "message").sort()).toEqual(["Graft the old tree", "Water the trees"]);
    expect(pick(jobs, "next_run").sort()).toEqual(["2026-01-12T09:00:00.000Z", "2036-03-01T09:00:00.000Z"]);
    expect(pick((await dataOf(api, "/credentials", ann)).credentials, "name")).toEqual(["shed"]);
    expect((await dataOf(api, "/audit", admin)).total_entries).toBe(2);
  });

  test("it goes on from there", async () => {
    const { models, api } = await resumeStored(name);
    await untilStatus(api, "req_waiting", "completed");
    expect(JSON.stringify(models.requests[0]?.body)).toContain(unanswered);

    const asked = models.requests.length;
    const repeated = await api.call("POST", "/chat", repeatable);
    expect(repeated.body.data).toMatchObject({ request_id: "req_cold", session_id: "s3" });
    expect(models.requests).toHaveLength(asked);

    expect(await promptOf(models, api, "Who drives the tractor?", "s5")).toContain("Drives a red tractor");
    await untilExpected("the memory is found by its meaning", async () =>
      expect(await promptOf(models, api, "Which fruit is mine then?", "s6")).toContain("Egremont Russet"),
    );
    expect(await promptOf(models, api, "Once more, please", "s1")).toContain("And which pear?");
    const { messages } = await dataOf(api, "/sessions/s1/messages", ann);
    expect(messages).toHaveLength(6);
    const before = encodeURIComponent(messages[4].timestamp);
    expect((await dataOf(api, `/sessions/s1/messages?before=${before}`, ann)).messages).toHaveLength(4);

    expect((await api.call("POST", "/memories", { ...ann, body: { content: "Keeps bees" } })).status).toBe(
      200,
    );
    expect((await dataOf(api, "/memories", ann)).memories).toHaveLength(3);
    const [job] = (await dataOf(api, "/scheduler/jobs", ann)).jobs;
    expect((await api.call("DELETE", `/scheduler/jobs/${job.id}`, admin)).status).toBe(200);
    const cleared = await api.call("DELETE", "/memory/buffer/s1", ann);
    expect(cleared.body.data.messages_cleared).toBe(6);
    expect(pick((await dataOf(api, "/sessions", ann)).sessions, "session_id")).not.toContain("s1");
  });
});

describe("a migration that was added", () => {
  const numbered = (index: number) => String(index + 1).padStart(4, "0");

  test("has a file that is named by its number and its name, and stands in the list", () => {
    const files = globSync("????-*.ts", { cwd: path.join(import.meta.dirname, "../src/store/migrations") });
    const listed = migrations.map(({ name }, index) => `${numbered(index)}-${name.replaceAll(" ", "-")}.ts`);
    expect(files.sort()).toEqual(listed);
  });

  test.each(["sqlite", "postgres"])(
    "has a database stored with it on %s: npm run fixtures:database",
    (of) => {
      const files = globSync("[0-9]*.sql", { cwd: path.join(storedDatabases, of) });
      expect(files.sort()).toEqual(migrations.map((_, index) => `${numbered(index)}.sql`));
    },
  );
});
