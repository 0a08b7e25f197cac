import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { postgresSubject, type Reads, type Subject, sqliteSubject } from "../../../bench/sizing/database.ts";
import { fill } from "../../../bench/sizing/fill.ts";
import { measure } from "../../../bench/sizing/measure.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { createDatabase, onPostgres } from "./postgres.ts";

/** What each call of a formation reads in a generated database, by the name of the call. */
const readsWith = async (messages: number): Promise<Map<string, Reads>> => {
  const subject: Subject = await (onPostgres
    ? postgresSubject(await createDatabase())
    : sqliteSubject(path.join(temporaryFolder(), "memory.db")));
  onTestFinished(() => subject.close());
  await (await subject.open()).close();
  await fill(subject.filler, { messages, users: messages / 10 }, () => {});
  await subject.settle();
  const reads = new Map<string, Reads>();
  for await (const measured of measure(subject, 1)) reads.set(measured.call, measured.reads);
  return reads;
};

test("no call of a formation reads a table from end to end, or more rows where there are four times as many", {
  timeout: 180_000,
}, async () => {
  const [few, many] = [await readsWith(10_000), await readsWith(40_000)];
  expect(few.size).toBeGreaterThan(30);
  expect([...(many.get("deliveries of a request")?.indexes ?? [])]).toEqual(["delivery_by_request"]);
  for (const [call, { scans, rows = 0 }] of many) {
    expect([...scans], call).toEqual([]);
    const before = few.get(call)?.rows ?? 0;
    // Of what is old, a part goes at a time.
    const most = call.startsWith("old ") ? 2_000 : Math.max(100, before * 1.5);
    expect(rows, `${call}: ${before} rows of a quarter`).toBeLessThan(most);
  }
});
