import pg from "pg";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Connection, createConnector } from "../src/store/postgres/connection.ts";
import { openPools } from "../src/store/postgres/pools.ts";
import { settingsFor } from "../src/store/postgres/statement-settings.ts";
import { type Api, collect, type Frame, hold, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, createSchemaBehindProxy, onPostgres, query } from "./postgres.ts";
import { writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };
const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status;
const healthOf = (api: Api) => statusOf(api.get("/health"));

/** A connection of the test's own. */
const connectTo = async (url: string) => {
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
};

describe.skipIf(!onPostgres)("a Postgres that is away, slow or another one", () => {
  test("connections that were forgotten while nobody used them cost the next calls no more than a moment", async () => {
    const { proxied, proxy } = await createSchemaBehindProxy();
    const api = await startFormation(await writeFormation(), { database: proxied });
    const chats = Array.from({ length: 30 }, () => statusOf(api.chat("Hello", ann)));
    expect(new Set(await Promise.all(chats))).toEqual(new Set([200]));
    expect(await healthOf(api)).toBe(200);
    proxy.poison({ kind: "stall", towards: "both" });
    proxy.heal({ forgotten: true });
    expect(await healthOf(api)).toBe(200);
    // The limit of a query is 30 s: what waits for that is given up here.
    const signal = AbortSignal.timeout(15_000);
    expect(await statusOf(api.chat("Hello", { ...ann, signal }))).toBe(200);
  });

  test("a connection that a cut has caught while it was opened holds up no later call", async () => {
    const { proxied, proxy } = await createSchemaBehindProxy();
    const log = pino({ level: "silent" });
    const settings = settingsFor("none", { statement: 30_000, abandoned: 5_000 });
    const connect = await createConnector(proxied, { startup: settings.startup, log });
    // That a connection cannot be opened is not found out while this test runs.
    const { pool } = openPools({ connect: () => connect(300_000), settings, limit: 30_000, log });
    const ask = (connection: Connection) => connection.query("select 1 as one");
    proxy.poison({ kind: "stall", towards: "both" });
    await expect(pool.use(ask, performance.now() + 300)).rejects.toThrow("no connection was free in time");
    proxy.heal({ forgotten: true });
    expect((await pool.use(ask, performance.now() + 20_000)).rows).toEqual([{ one: 1 }]);
  });

  test("a call waits for its time while nobody can say what became of it, and is answered when the network is back", async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const { proxied, proxy } = await createSchemaBehindProxy();
    const dir = await writeTestFormation(models.url, { database: proxied });
    const api = await startFormation(dir, { database: proxied });
    await api.chat("Hello", { ...ann, session: "s1" });
    proxy.poison({ kind: "stall", towards: "both" });
    const waiting = api.chat("Hello", { ...ann, session: "s1" });
    // Health is asked on its own, within a limit far below that of the call.
    const signal = AbortSignal.timeout(15_000);
    for (let asked = 0; asked < 3; asked += 1) {
      expect(await statusOf(api.get("/health", { signal }))).toBe(503);
    }
    proxy.heal();
    expect(await statusOf(waiting)).toBe(200);
    expect((await api.get("/sessions/s1/messages", ann)).body.data.count).toBe(4);
  });

  test("health is asked on a connection of its own, while all others wait", async () => {
    const database = await createSchema();
    const api = await startFormation(await writeFormation(), { database });
    const other = await connectTo(database);
    await other.query("begin; lock table session, request in access exclusive mode");
    const chats: Promise<number>[] = [];
    await until("as many calls wait as there are connections", async () => {
      chats.push(statusOf(api.chat("Hello", ann)));
      const waiting =
        "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      return Number((await query(waiting))[0]?.n) >= 20;
    });
    expect(await healthOf(api)).toBe(200);
    await other.query("commit");
    expect(new Set(await Promise.all(chats))).toEqual(new Set([200]));
  });

  test("a statement that takes longer than it may refuses the call, and says what to do in the log", async () => {
    const database = await createSchema();
    const dir = await writeFormation({
      "formation.afs": `${manifest}memory: { persistent: { query_timeout_seconds: 0.5 } }\n`,
    });
    const api = await startFormation(dir, { database });
    const other = await connectTo(database);
    await other.query("begin; lock table session in access exclusive mode");
    const { status, headers, body } = await api.chat("Hello", ann);
    expect([status, body.error.code, headers.get("retry-after")]).toEqual([503, "SERVICE_UNAVAILABLE", "5"]);
    await other.query("commit");
    expect(await statusOf(api.chat("Hello", ann))).toBe(200);
  });

  test("one whose tables are gone is unhealthy and refuses every call, until they are back", async () => {
    const database = await createSchema();
    const api = await startFormation(await writeFormation(), { database });
    expect(await statusOf(api.chat("Hello", { ...ann, session: "s1" }))).toBe(200);
    const schema = new URL(database).searchParams.get("application_name");
    await query(`alter schema ${schema} rename to ${schema}_old; create schema ${schema}`);
    expect(await healthOf(api)).toBe(503);
    for (const call of [api.chat("Hello", ann), api.get("/sessions", ann), api.get("/memories", ann)]) {
      const { status, body } = await call;
      expect([status, body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    }
    await query(`drop schema ${schema}; alter schema ${schema}_old rename to ${schema}`);
    expect(await healthOf(api)).toBe(200);
    expect(await statusOf(api.chat("Hello", { ...ann, session: "s1" }))).toBe(200);
    expect((await api.get("/sessions/s1/messages", ann)).body.data.count).toBe(4);
  });

  test("what other processes tell is heard again after a cut", async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const { direct, proxied, proxy } = await createSchemaBehindProxy();
    const dir = await writeTestFormation(models.url, { database: proxied });
    // With such leases it is not asked for by chance.
    const options = { leaseTime: 600_000 };
    const here = await startFormation(dir, { ...options, database: proxied });
    const there = await startFormation(dir, { ...options, database: direct });
    proxy.poison({ kind: "stall", towards: "both" });
    proxy.heal({ forgotten: true });

    const { held, release } = hold();
    onTestFinished(release);
    models.reply({ text: ["One ", "two"], pause: { after: 2, until: held } });
    const frames = await here.stream({ message: "Count", request_id: "req_1" }, ann);
    let ended: Frame | undefined;
    void collect(frames).then((all) => {
      ended = all.at(-1);
    });
    await until("the request is stopped", async () => {
      await there.call("DELETE", "/requests/req_1", ann);
      return ended;
    });
    expect(ended).toMatchObject({ event: "error", data: { code: "CANCELLED" } });
  });
});
