import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { sql } from "../src/store/database/index.ts";
import { createStore, type NewMemory, openPostgres, openSqlite } from "../src/store/index.ts";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { emptyDatabase, startImpatient, writeTestFormation } from "./processes.ts";
import { startReceiver } from "./receiver.ts";

const day = 86_400_000;
const firstDay = Date.UTC(2026, 0, 1);
const ann = { user: "ann" };
const asAdmin = { key: "admin", user: "ann" } as const;

/** A clock that runs from a day on. */
const clockFrom = (days: number) => {
  const startedAt = performance.now();
  return () => Math.round(firstDay + days * day + performance.now() - startedAt);
};

const openStore = async () => {
  const database = await (await emptyDatabase())();
  onTestFinished(() => database.close());
  return { database, ...createStore(database) };
};

/** Each kind of what grows, named after the day on which it is made. */
const use = async (api: Api, days: number, now: () => number, webhookUrl: string): Promise<string> => {
  const [session, request_id, message] = [`s${days}`, `req_${days}`, `Job ${days}`];
  await api.chat("Is it cold?", { ...ann, session });
  await api.chat("Is it warm?", { ...ann, session: "long" });
  const background = { message: "Hi", request_id, session_id: session, mode: "async" };
  await api.call("POST", "/chat", { ...ann, body: { ...background, webhook_url: webhookUrl } });
  const items = [{ content: `Knows the number ${days}`, source: "crm", source_id: String(days) }];
  const batch = await api.call("POST", "/memories/batch", { ...ann, body: { items } });
  const schedule = new Date(now() + 2_500).toISOString();
  const job = { type: "prompt", schedule, message };
  expect((await api.call("POST", "/scheduler/jobs", { ...asAdmin, body: job })).status).toBe(201);
  await untilExpected("the webhook is sent and the job done", async () => {
    const sent = await api.get(`/deliveries?status=sent&request_id=${request_id}`, asAdmin);
    expect(sent.body.data.count).toBe(1);
    const { jobs } = (await api.get("/scheduler/jobs?status=completed", ann)).body.data;
    expect(jobs).toContainEqual(expect.objectContaining({ message }));
  });
  return batch.body.data.processing_id;
};

test("what is older than it is kept goes, and what is younger stays; without the key all of it stays", {
  timeout: 60_000,
}, async () => {
  const receiver = await startReceiver();
  const dir = await writeFormation();
  const restart = async (now: () => number, retention = "") => {
    await writeFile(path.join(dir, "formation.afs"), `${manifest}${retention}`);
    return startFormation(dir, { now });
  };
  const reports: string[] = [];
  for (const days of [0, 60]) {
    const now = clockFrom(days);
    const api = await restart(now);
    reports.push(await use(api, days, now, receiver.url));
    await api.runtime.close(0);
  }

  const look = async (api: Api) => {
    const listed = async (route: string, field: string, options: object = ann) => {
      const { data } = (await api.get(route, options)).body;
      const [items] = Object.values<Record<string, unknown>[]>(data).filter(Array.isArray);
      return items?.map((item) => item[field]).sort();
    };
    const batches = await Promise.all(reports.map((id) => api.get(`/memories/ingestion/${id}`, ann)));
    return {
      sessions: (await listed("/sessions", "session_id"))?.filter((id) => /^(s\d+|long)$/.test(String(id))),
      long: await listed("/sessions/long/messages", "role"),
      changes: await listed("/audit", "action", asAdmin),
      batches: batches.map(({ status }) => status),
      jobs: await listed("/scheduler/jobs", "message"),
      memories: await listed("/memories", "content"),
    };
  };
  const untilOver = (api: Api) =>
    untilExpected("requests and deliveries are deleted, and what is looked at before them", async () => {
      expect((await api.get("/requests", asAdmin)).body.data.count).toBe(0);
      expect((await api.get("/deliveries", asAdmin)).body.data.count).toBe(0);
    });

  const without = await restart(clockFrom(100));
  await untilOver(without);
  const created = "scheduler.job.created";
  const memories = ["Knows the number 0", "Knows the number 60"];
  expect(await look(without)).toEqual({
    sessions: ["long", "s0", "s60"],
    long: ["assistant", "assistant", "user", "user"],
    changes: [created, created],
    batches: [200, 200],
    jobs: ["Job 0", "Job 60"],
    memories,
  });
  await without.runtime.close(0);

  const keys = ["messages", "audit", "ingestions", "jobs"];
  const kept = await restart(
    clockFrom(102),
    `retention: { ${keys.map((key) => `${key}: 90d`).join(", ")} }\n`,
  );
  await untilExpected("what is of the first day is deleted", async () =>
    expect(await look(kept)).toEqual({
      sessions: ["long", "s60"],
      long: ["assistant", "user"],
      changes: [created],
      batches: [404, 200],
      jobs: ["Job 60"],
      memories,
    }),
  );
  expect((await kept.chat("Still there?", { ...ann, session: "long" })).status).toBe(200);
  await kept.runtime.close(0);
});

test("a session that is being answered or not learned from yet stays, and goes afterwards", async () => {
  const { database, sessions, requests, lessons } = await openStore();
  const owner = { formationId: "f", userId: "u" };
  const said = (createdAt: number) => ({ role: "user", content: "Hello", createdAt }) as const;
  const request = { kind: "chat", input: "{}", webhookUrl: null, idempotency: undefined } as const;
  await database.write([
    ...sessions.adding(owner, "answered", said(1_000)),
    requests.begin(owner, {
      ...{ ...request, id: "req_1", sessionId: "answered", now: 1_000 },
      lease: { owner: "me", until: 9_000 },
    }),
    ...sessions.adding(owner, "unlearned", said(1_000)),
    lessons.note(owner, "unlearned", "req_2", 1_000),
    ...sessions.adding(owner, "idle", said(1_000)),
    ...sessions.adding(owner, "long", said(1_000)),
    ...sessions.adding(owner, "long", said(2_000)),
    ...sessions.adding({ ...owner, formationId: "other" }, "idle", said(1_000)),
  ]);
  const forget = async () => {
    while ((await sessions.forget("f", 2_000, 2)) > 0);
    const left = await database.read<{ id: string; messages: number }>(
      sql`select id, (select count(*) from message where session_seq = session.seq) as messages
        from session where formation_id = 'f' order by id`,
    );
    return left.map(({ id, messages }) => `${id} ${messages}`);
  };
  expect(await forget()).toEqual(["answered 1", "long 1", "unlearned 1"]);
  const ending = { status: "completed", error: null, log: "", now: 5_000 } as const;
  await requests.finish("f", "req_1", "me", ending, []);
  const claimed = { now: 5_000, begunBefore: 0, until: 6_000, limit: 10 };
  await lessons.finish(await lessons.claim("f", [{ owner, sessionId: "unlearned" }], claimed), []);
  expect(await forget()).toEqual(["long 1"]);
  expect(await sessions.get({ ...owner, formationId: "other" }, "idle")).toMatchObject({ messageCount: 1 });
  await sessions.replace(owner, "long", [said(1_500), said(1_600), said(3_000)], 6_000);
  expect(await forget()).toEqual(["long 1"]);
});

test("one process at a time has the turn to delete, and a dead one keeps it for a while", async () => {
  const { retentionTurns } = await openStore();
  const take = (holder: string, now: number) =>
    retentionTurns.take("f", { holder, now, until: now + 100, farthest: now + 1_000 });
  expect(await take("one", 1_000)).toBe(true);
  expect(await take("two", 1_050)).toBe(false);
  expect(await take("one", 1_050)).toBe(true);
  expect(await take("two", 1_149)).toBe(false);
  expect(await take("two", 1_150)).toBe(true);
  expect(await take("one", 1_160)).toBe(false);
  // The clock was set back.
  expect(await take("one", 100)).toBe(true);
});

test("chats go on while much is deleted, and a kill leaves no message without its session", {
  timeout: 60_000,
}, async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const url = onPostgres ? await createSchema() : undefined;
  const dir = await writeTestFormation(models.url, {
    ...(url !== undefined && { database: url }),
    more: "retention: { messages: 30d }",
  });
  const database = await (url === undefined
    ? openSqlite(path.join(dir, "memory.db"))
    : openPostgres(url, { queryTimeout: 30, log: pino({ level: "silent" }) }));
  onTestFinished(() => database.close());
  const { sessions } = createStore(database);
  const owner = { formationId: "orchard", userId: "ann" };
  const old = 3_000;
  const said = { role: "user", content: "Hello", createdAt: firstDay } as const;
  const adding = Array.from({ length: old }, (_, number) => sessions.adding(owner, `old${number}`, said));
  await database.write(adding.flat());

  const left = async (of: "session" | "message") => {
    const counted =
      of === "session" ? sql`select count(*) as n from session` : sql`select count(*) as n from message`;
    return Number((await database.read<{ n: number }>(counted))[0]?.n);
  };
  const { api, crash } = await startImpatient(dir, 30_000);
  const answers: number[] = [];
  await until("some are deleted", async () => {
    answers.push((await api.chat("Hello", { ...ann, session: `new${answers.length}` })).status);
    return (await left("session")) < old * 0.9;
  });
  await crash();
  expect(new Set(answers)).toEqual(new Set([200]));
  const [sessionsLeft, messagesLeft] = [await left("session"), await left("message")];
  expect(sessionsLeft).toBeGreaterThan(answers.length);
  // A chat that was answered has two.
  expect(messagesLeft).toBe(sessionsLeft + answers.length);
});

test("memories that have expired are deleted with what they said before and their user's synopsis, a few at a time", async () => {
  const { database, memories, synopses } = await openStore();
  const owner = { formationId: "f", userId: "ann" };
  const memory = (subject: string, content: string, expiresAt: number | null): NewMemory => ({
    owner,
    scope: "user",
    scopeId: null,
    subject,
    collection: "context",
    content,
    words: ["ladder"],
    metadata: {},
    source: "api",
    importance: 0.5,
    expiresAt,
    now: firstDay,
  });
  const places = ["shed", "barn", "loft", "yard"];
  await memories.add(places.map((place) => memory(place, `A ladder was in the ${place}`, null)));
  await memories.add(
    places.map((place, index) =>
      memory(place, `A ladder is in the ${place}`, index === 0 ? null : firstDay + index),
    ),
  );
  await synopses.put(owner, { part: "identity", text: "Owns ladders", madeAt: firstDay }, []);
  expect(await memories.forget("f", firstDay, 10)).toBe(0);
  expect(await synopses.of(owner)).toHaveLength(1);
  expect(await memories.forget("f", firstDay + 2, 1)).toBe(1);
  expect(await memories.forget("other", firstDay + 2, 10)).toBe(0);
  expect(await memories.forget("f", firstDay + 2, 10)).toBe(1);
  expect(await synopses.of(owner)).toEqual([]);
  const left = await memories.list({ owner, scopes: ["user"], now: firstDay }, { limit: 10, offset: 0 });
  expect(left.map(({ subject }) => subject)).toEqual(["yard", "shed"]);
  const count = async (table: string) =>
    (await database.read<{ n: number }>({ text: `select count(*) as n from ${table}`, values: [] }))[0]?.n;
  expect(await Promise.all(["memory_version", "memory_word"].map(count))).toEqual([2, 2]);
});
