import { type Route, type RouteId, routes } from "@muxi/protocol";
import { describe, expect, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { filesOf, type Sample, samples } from "./conformance-samples.ts";
import { startFormation, writeFormation } from "./harness.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";

const rows = Object.entries(routes) as [RouteId, Route][];

type Formation = Awaited<ReturnType<typeof startFormation>>;

const atOnce = 16;
/** How many chats a database has seen when a further one is compared with the first ones. */
const chatsUntil = process.env.MUXI_TEST_FAULTS ? 10_000 : 600;

/** What Postgres has done with each table, by its own counters. */
interface Reads {
  /** How often it was read from end to end. */
  scans: Map<string, number>;
  /** Rows and index entries that were read. */
  read: Map<string, number>;
}

/** A formation does something in a database, a new one unless it is named, and all of it is learned. */
const readsOf = async (
  work: (api: Formation) => Promise<void>,
  named?: string,
  files?: Record<string, string>,
): Promise<Reads> => {
  const database = named ?? (await createSchema());
  const api = await startFormation(await writeFormation(files), { database });
  await work(api);
  // What is asked here must not count as a scan.
  const byIndex = new URL(database);
  byIndex.searchParams.set("options", `${byIndex.searchParams.get("options")} -cenable_seqscan=off`);
  await untilExpected("all is learned", async () =>
    expect(await query("select seq from lesson order by seq limit 1", byIndex.href)).toEqual([]),
  );
  // A connection that ends hands in its counters.
  await api.runtime.close(0);
  const rows = await query(
    `select relname as name, seq_scan as scans, seq_tup_read + coalesce(idx_tup_fetch, 0)
        + coalesce((select sum(idx_tup_read) from pg_stat_user_indexes as i where i.relid = t.relid), 0) as read
      from pg_stat_user_tables as t where schemaname = current_schema()`,
    database,
  );
  return {
    scans: new Map(rows.map(({ name, scans }) => [String(name), Number(scans)])),
    read: new Map(rows.map(({ name, read }) => [String(name), Number(read)])),
  };
};

const chats =
  (count: number) =>
  async (api: Formation): Promise<void> => {
    let sent = 0;
    const chat = async () => {
      while (sent < count) {
        sent += 1;
        const message = `My tree number ${sent} is a pear`;
        expect((await api.chat(message, { user: `u${sent}` })).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, chat));
  };

describe.skipIf(!onPostgres)("plans of a new database", () => {
  test("fit it while it grows: later chats read no more than the first ones, and no table from end to end", {
    timeout: 120_000 + chatsUntil * 100,
  }, async () => {
    const none = await readsOf(chats(0));
    const few = await readsOf(chats(100));
    const many = await readsOf(chats(chatsUntil));
    expect(few.read.get("request")).toBeGreaterThan(0);
    expect(few.scans).toEqual(none.scans);
    expect(many.scans).toEqual(none.scans);
    for (const [name, read] of few.read) {
      const perChat = read / 100;
      const later = ((many.read.get(name) ?? 0) - read) / (chatsUntil - 100);
      expect(later, `what a later chat reads of ${name}, beside ${perChat}`).toBeLessThan(
        // Renewals of leases pass by versions of rows that are gone.
        Math.max(10, perChat * 1.2),
      );
    }
  });

  test("no call of the API reads a table from end to end", { timeout: 120_000 }, async () => {
    const files = filesOf({}, true);
    const none = await readsOf(async () => {}, undefined, files);
    const succeeded = new Set<RouteId>();
    const all = await readsOf(
      async (api) => {
        for (const [id, row] of rows) {
          const { prepare, params, query = "", body, isEndless }: Sample = samples[id];
          if (isEndless) continue;
          const all = { ...params, ...(await prepare?.(api)) };
          const path = row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => all[name] ?? "nothing");
          const { status } = await api.request(row.method, path + query, {
            key: row.key === "either" ? "client" : row.key,
            ...(row.user !== "none" && { user: "ann" }),
            ...(body !== undefined && { body }),
          });
          if (status < 300) succeeded.add(id);
        }
      },
      undefined,
      files,
    );
    // Some meet what calls before them have made or deleted.
    expect(succeeded.size).toBeGreaterThan(rows.length * 0.8);
    expect(all.scans).toEqual(none.scans);
  });

  test("of a user with many memories, a chat reads those that its words are in", {
    timeout: 60_000,
  }, async () => {
    const memories = 1_000;
    const remember = async (api: Formation) => {
      for (let first = 0; first < memories; first += 100) {
        const items = Array.from({ length: 100 }, (_, index) => ({
          content: `Owns thing${first + index}`,
          source: "crm",
          source_id: String(first + index),
        }));
        const { status } = await api.call("POST", "/memories/batch", { user: "ann", body: { items } });
        expect(status).toBe(200);
      }
    };
    const asked = 40;
    const database = await createSchema();
    const before = await readsOf(remember, database);
    const after = await readsOf(async (api) => {
      for (let sent = 0; sent < asked; sent++) await api.chat(`Where is thing${sent}?`, { user: "ann" });
    }, database);
    const perChat = ((after.read.get("memory") ?? 0) - (before.read.get("memory") ?? 0)) / asked;
    expect(perChat).toBeGreaterThan(0);
    expect(perChat).toBeLessThan(memories / 4);
  });
});
