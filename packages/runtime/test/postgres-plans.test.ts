import { describe, expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { startFormation, writeFormation } from "./harness.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";

const atOnce = 16;

/** What Postgres has read for the chats of a new formation, by its own counters: rows, by table. */
const readFor = async (chats: number): Promise<Map<string, number>> => {
  const database = await createSchema();
  const api = await startFormation(await writeFormation(), { database });
  let sent = 0;
  const chat = async () => {
    while (sent < chats) {
      sent += 1;
      const message = `My tree number ${sent} is a pear`;
      expect((await api.chat(message, { user: `u${sent}` })).status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, chat));
  await untilExpected("all is learned", async () =>
    expect(await query("select count(*) as lessons from lesson", database)).toEqual([{ lessons: "0" }]),
  );
  // A connection that ends hands in its counters.
  await api.runtime.close(0);
  const rows = await query(
    `select relname as name, seq_tup_read + coalesce(idx_tup_fetch, 0) as read from pg_stat_user_tables
      where schemaname = current_schema()`,
    database,
  );
  return new Map(rows.map(({ name, read }) => [String(name), Number(read)]));
};

describe.skipIf(!onPostgres)("plans of a new database", () => {
  test("fit it while it grows: the second thousand chats reads no more rows than the first", {
    timeout: 180_000,
  }, async () => {
    const first = await readFor(1_000);
    const both = await readFor(2_000);
    expect(first.get("request")).toBeGreaterThan(0);
    for (const [name, read] of first) {
      const perChat = read / 1_000;
      const later = ((both.get(name) ?? 0) - read) / 1_000;
      // While a table has a page or two, to read all of it is right.
      expect(later, `rows of ${name} that a later chat reads, beside ${perChat}`).toBeLessThan(
        Math.max(20, perChat * 1.2),
      );
    }
  });
});
