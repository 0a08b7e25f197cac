import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { sql } from "../src/store/database/index.ts";
import { type Database, openPostgres } from "../src/store/index.ts";
import { createSchemaBehindProxy, onPostgres, query } from "./postgres.ts";

const silent = pino({ level: "silent" });

const opened = async (...given: Parameters<typeof openPostgres>): Promise<Database> => {
  const database = await openPostgres(...given);
  onTestFinished(() => database.close());
  return database;
};

const ask = (database: Database) => database.read(sql`select 1 as one`);

/** Holds up this whole process, as a busy machine does. */
const holdUp = (milliseconds: number) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

describe.skipIf(!onPostgres)("on a busy machine", () => {
  test("a start waits for a database that refuses connections for a moment, and says so", async () => {
    const { proxied, proxy } = await createSchemaBehindProxy();
    proxy.poison({ kind: "cut" });
    const logged: unknown[] = [];
    const write = (line: string) => {
      logged.push(JSON.parse(line));
      proxy.heal();
    };
    const database = await opened(proxied, { queryTimeout: 30, log: pino({}, { write }) });
    expect(await ask(database)).toEqual([{ one: 1 }]);
    expect(logged).toMatchObject([
      {
        reason: expect.stringContaining("ECONNRESET"),
        msg: "the database cannot be used yet: it is tried again",
      },
    ]);
  });

  test("a start does not wait for a database that refuses the login", async () => {
    const { direct } = await createSchemaBehindProxy();
    const url = new URL(direct);
    url.username = "nobody";
    const logged: string[] = [];
    const log = pino({}, { write: (line) => logged.push(line) });
    await expect(openPostgres(url.href, { queryTimeout: 30, log })).rejects.toThrow(
      /cannot be used \(role "nobody" does not exist\): check that it runs/,
    );
    expect(logged).toEqual([]);
  });

  test("a start succeeds with a database whose answers are late", async () => {
    const { direct, proxied, proxy } = await createSchemaBehindProxy();
    await opened(direct, { queryTimeout: 30, log: silent });
    // Connection and answer together take longer than a check of health may.
    proxy.poison({ kind: "delay", milliseconds: 400 });
    const database = await opened(proxied, { queryTimeout: 30, log: silent });
    expect(await ask(database)).toEqual([{ one: 1 }]);
  });

  test("what the server gave up since the process was held up before the commit is done again, once", async () => {
    const { direct } = await createSchemaBehindProxy();
    // A transaction may idle for half of that.
    const database = await opened(direct, { queryTimeout: 6, log: silent });
    const add = (content: string) =>
      database.write([
        sql`insert into hint (formation_id, topic, content, created_at) values ('orchard', 'held', ${content}, 0)`,
      ]);
    await add("first");
    const adding = add("second");
    // It is sent in the next turn.
    setImmediate(() => holdUp(3_500));
    expect(await adding).toMatchObject([{ changes: 1 }]);
    const rows = await query("select content from hint where topic = 'held' order by seq", direct);
    expect(rows).toEqual([{ content: "first" }, { content: "second" }]);
  });
});
