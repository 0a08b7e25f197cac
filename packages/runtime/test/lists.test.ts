import { expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, startFormation, writeFormation } from "./harness.ts";
import { startReceiver } from "./receiver.ts";

/** What is read of a list in parts, each after the reader has seen the one before. */
const readAll = async (
  api: Api,
  route: string,
  options: { user?: string; key?: "admin" },
  onPart: (part: Record<string, unknown>[]) => Promise<void> = async () => {},
) => {
  const all: Record<string, unknown>[] = [];
  for (let key = ""; ; ) {
    const { body } = await api.get(`${route}?limit=2${key && `&before=${encodeURIComponent(key)}`}`, options);
    const { next, ...data } = body.data;
    const part =
      data.memories ??
      data.sessions ??
      data.requests ??
      data.entries ??
      data.jobs ??
      data.deliveries ??
      data.identifiers;
    all.push(...part);
    await onPart(part);
    if (next === null) return all;
    key = next;
  }
};

const idsOf = (entries: Record<string, unknown>[], name: string) => entries.map((entry) => entry[name]);

test("memories that are deleted while they are listed make the reader skip none", async () => {
  const api = await startFormation(await writeFormation());
  const add = async (content: string) =>
    (await api.call("POST", "/memories", { user: "ann", body: { content } })).body.data.id;
  const added: string[] = [];
  for (const name of ["Ada", "Bob", "Cyd", "Dan", "Eve"]) added.push(await add(`Knows ${name}`));
  await api.call("POST", "/memories", { user: "bob", body: { content: "Knows nobody" } });

  const read = await readAll(api, "/memories", { user: "ann" }, async (part) => {
    for (const { id } of part) await api.call("DELETE", `/memories/${id}`, { user: "ann" });
    await add(`Has read ${part.length} of them at ${part[0]?.id}`);
  });
  expect(idsOf(read, "id")).toEqual(added.toReversed());
  expect((await api.get("/memories?limit=2&offset=1", { user: "ann" })).body.data.count).toBe(2);
});

test("sessions, requests and history go on where they were, also where all are of one moment", async () => {
  const time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  for (const session of ["a", "b", "c", "d", "e"]) await api.chat("Hi", { user: "ann", session });
  await api.chat("Hi", { user: "bob", session: "his" });

  const user = { user: "ann" };
  const newestFirst = ["e", "d", "c", "b", "a"];
  expect(idsOf(await readAll(api, "/history", user), "session_id")).toEqual(newestFirst);
  const seen = await readAll(api, "/sessions", user, async (part) => {
    for (const { session_id } of part) await api.call("DELETE", `/memory/buffer/${session_id}`, user);
  });
  expect(idsOf(seen, "session_id")).toEqual(newestFirst);

  const whole = (await api.get("/requests", user)).body.data;
  expect([whole.count, whole.next]).toEqual([5, null]);
  expect(await readAll(api, "/requests", user)).toEqual(whole.requests);
  expect(await readAll(api, "/requests", { key: "admin" })).toHaveLength(6);
});

test("the audit log goes on where it was while entries are added", async () => {
  const api = await startFormation(await writeFormation());
  const refuse = () => api.get("/audit");
  for (let calls = 0; calls < 5; calls++) await refuse();
  const log = async () => (await api.get("/audit", { key: "admin" })).body.data;
  await untilExpected("all refusals are noted", async () =>
    expect(await log()).toMatchObject({ total_entries: 5 }),
  );
  const before = await log();
  const read = await readAll(api, "/audit", { key: "admin" }, async () => void (await refuse()));
  expect(idsOf(read, "id")).toEqual(idsOf(before.entries, "id"));
  expect(before.next).toBeNull();
});

const admin = { key: "admin" } as const;

test("jobs go on where they were while they are deleted, also where all are of one moment", async () => {
  const api = await startFormation(await writeFormation(), { now: () => Date.UTC(2026, 0, 1) });
  for (const message of ["a", "b", "c", "d", "e"]) {
    const body = { type: "prompt", schedule: "0 9 * * *", message, user_id: "ann" };
    await api.call("POST", "/scheduler/jobs", { ...admin, body });
  }
  const whole = (await api.get("/scheduler/jobs", admin)).body.data;
  expect([whole.count, whole.next]).toEqual([5, null]);
  const read = await readAll(api, "/scheduler/jobs", admin, async (part) => {
    for (const { id } of part) await api.call("DELETE", `/scheduler/jobs/${id}`, admin);
  });
  expect(read).toEqual(whole.jobs);
  expect((await api.get("/scheduler/jobs", admin)).body.data).toMatchObject({ count: 0, next: null });
});

test("identifiers of users go on where they were while some are taken away, whatever they are made of", async () => {
  const api = await startFormation(await writeFormation(), { now: () => Date.UTC(2026, 0, 1) });
  const identifiers = ["ann", "ann@example.org", "1-2", "ünï-cödé 👩‍🌾", "?a=b&c"];
  await api.call("POST", "/users/identifiers", { ...admin, body: { identifiers } });
  const whole = (await api.get("/users/identifiers", admin)).body.data;
  expect(idsOf(whole.identifiers, "identifier").toSorted()).toEqual(identifiers.toSorted());
  const read = await readAll(api, "/users/identifiers", admin, async (part) => {
    for (const { identifier } of part)
      await api.call("DELETE", `/users/identifiers/${encodeURIComponent(String(identifier))}`, admin);
  });
  expect(read).toEqual(whole.identifiers);
});

test("webhook deliveries go on where they were while others are added", async () => {
  const receiver = await startReceiver();
  const api = await startFormation(await writeFormation());
  const send = async (number: number) => {
    const before = (await deliveries()).length;
    const body = { message: `Hello ${number}`, mode: "async", webhook_url: receiver.url };
    await api.call("POST", "/chat", { user: "ann", body });
    await untilExpected("it is noted", async () => expect(await deliveries()).toHaveLength(before + 1));
  };
  const deliveries = async () => idsOf((await api.get("/deliveries", admin)).body.data.deliveries, "id");
  for (let number = 0; number < 5; number++) await send(number);
  const before = await deliveries();
  expect(idsOf(await readAll(api, "/deliveries", admin, () => send(0)), "id")).toEqual(before);
});

test("a key that no answer has given is refused", async () => {
  const api = await startFormation(await writeFormation());
  for (const key of ["x", "1", "1-", "-1", "1-2-3", "9".repeat(400)]) {
    const { status, body } = await api.get(`/memories?before=${key}`, { user: "ann" });
    expect([status, body.error.code]).toEqual([422, "INVALID_PARAMS"]);
    expect(JSON.stringify(body)).toContain("must be `next` of an earlier answer");
  }
  expect((await api.get("/memories?before=1-1", { user: "ann" })).body.data).toMatchObject({ count: 0 });
});
