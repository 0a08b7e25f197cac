import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Migration, migrations } from "../src/store/migrations/index.ts";
import { createConnector } from "../src/store/postgres/connection.ts";
import { migratePostgres } from "../src/store/postgres/schema.ts";
import { collect, hold, textOf, untilStatus } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";
import { readAsked, startBuilt, writeTestFormation } from "./processes.ts";

const ann = { user: "ann" };

/** All that a migration may do while processes of the version before are at work (CONTRIBUTING.md). */
const allowed = (tables: readonly string[]): Migration => ({
  name: "of the next version",
  statements: () => [
    ...tables.flatMap((table) => [
      `alter table ${table} add column added_text text`,
      `alter table ${table} add column added_number bigint not null default 7`,
    ]),
    "create table added (id text primary key, session_seq bigint not null)",
    "create index added_by_session on added (session_seq)",
    "create index message_added on message (added_number)",
    "drop index if exists request_open",
  ],
});

/** What a migration may not do: the answers of statements that are kept prepared get another type. */
const forbidden: Migration = {
  name: "of a careless version",
  statements: () => ["alter table message alter column content type varchar(1000000)"],
};

const migrate = async (database: string, next: Migration) => {
  const log = pino({ level: "silent" });
  const connection = await (await createConnector(database, { startup: {}, log }))(10_000);
  await migratePostgres(connection, "the database", [...migrations, next]);
  await connection.close();
};

const start = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const { held, release } = hold();
  onTestFinished(release);
  models.defaultReply = (request) =>
    readAsked(request).asked === "Count"
      ? { text: ["One ", "two"], pause: { after: 2, until: held } }
      : { text: ["Hello."] };
  const database = await createSchema();
  const { api } = await startBuilt(await writeTestFormation(models.url, { database }));
  return { api, database, release };
};

describe.skipIf(!onPostgres)("a process at work while the next version migrates its database", () => {
  test("goes on without an error, on connections and with statements of before", {
    timeout: 120_000,
  }, async () => {
    const { api, database, release } = await start();
    const stream = await api.stream({ message: "Count", session_id: "counted" }, ann);
    await stream.next();

    let isOver = false;
    onTestFinished(() => {
      isOver = true;
    });
    const statuses = new Map<string, number>();
    const note = (what: string, status: number) =>
      statuses.set(`${what} ${status}`, (statuses.get(`${what} ${status}`) ?? 0) + 1);
    const work = async (caller: number) => {
      for (let number = 0; !isOver; number++) {
        const session = `s_${caller}_${number % 3}`;
        note("chat", (await api.chat("Hello", { ...ann, session })).status);
        const body = { message: "Hello", mode: "async", session_id: `b_${caller}_${number}` };
        note("background", (await api.call("POST", "/chat", { ...ann, body })).status);
        note("messages", (await api.get(`/sessions/${session}/messages`, ann)).status);
        note("requests", (await api.get("/requests", ann)).status);
      }
    };
    const callers = Array.from({ length: 8 }, (_, caller) => work(caller));
    const chats = () => statuses.get("chat 200") ?? 0;
    await until("all connections have their statements", () => chats() > 50);
    const tables = await query(
      "select tablename from pg_tables where schemaname = current_schema() and tablename <> 'schema_version'",
      database,
    );
    await migrate(database, allowed(tables.map(({ tablename }) => String(tablename))));
    const before = chats();
    await until("as much was done again", () => chats() > before + 50);
    isOver = true;
    await Promise.all(callers);
    expect([...statuses.keys()].sort()).toEqual([
      "background 202",
      "chat 200",
      "messages 200",
      "requests 200",
    ]);

    release();
    expect(textOf(await collect(stream))).toBe("One two");
    expect((await api.get("/health")).status).toBe(200);
    const { body } = await api.call("POST", "/chat", { ...ann, body: { message: "Hello", mode: "async" } });
    await untilStatus(api, body.data.request_id, "completed");
  });

  test("asks again where the answer of a statement that it keeps prepared has another type", async () => {
    const { api, database } = await start();
    const read = () => api.get("/sessions/s1/messages", ann);
    expect((await api.chat("Hello", { ...ann, session: "s1" })).status).toBe(200);
    expect((await read()).body.data.count).toBe(2);
    await migrate(database, forbidden);
    const { status, body } = await read();
    expect([status, body.data?.count]).toEqual([200, 2]);
    expect((await api.chat("Hello", { ...ann, session: "s1" })).status).toBe(200);
  });

  test("is not held up by a migration that waits for somebody else", async () => {
    const { api, database } = await start();
    expect((await api.chat("Hello", ann)).status).toBe(200);
    const reading = query(
      "begin; lock table message in access share mode; select pg_sleep(8); commit",
      database,
    );
    await until("the table is being read", async () => {
      const locks = await query("select 1 from pg_stat_activity where query like '%pg_sleep(8)%'", database);
      return locks.length > 1;
    });
    const migrating = migrate(database, allowed(["message"]));
    let answered = 0;
    let isOver = false;
    void migrating.then(() => {
      isOver = true;
    });
    while (!isOver) {
      expect((await api.chat("Hello", ann)).status).toBe(200);
      answered += 1;
    }
    await Promise.all([migrating, reading]);
    expect(answered).toBeGreaterThan(3);
  });
});
