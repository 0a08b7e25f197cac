/**
 * What the statements of a formation cost in a database that has grown.
 *
 * `npm run bench:sizing -- [--engine postgres] [--messages 100000] [--users 10000] [--times 200]`
 *
 * Generates the database, calls the repositories, and prints what each call takes, reads and writes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { findPostgres, postgresMissing, startPostgres } from "../../test/postgres-server.ts";
import { formatNumber, tableRow } from "../page.ts";
import { postgresSubject, type Subject, sqliteSubject } from "./database.ts";
import { fill, type Scale } from "./fill.ts";
import { type Measured, measure } from "./measure.ts";

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "sqlite" },
    messages: { type: "string", default: "100000" },
    users: { type: "string", default: "10000" },
    times: { type: "string", default: "200" },
  },
});
const scale: Scale = { messages: Number(values.messages), users: Number(values.users) };

const temporary = async (): Promise<{ subject: Subject; remove: () => Promise<void> }> => {
  if (values.engine === "sqlite") {
    const folder = mkdtempSync(path.join(tmpdir(), "muxi-sizing-"));
    const subject = await sqliteSubject(path.join(folder, "memory.db"));
    return { subject, remove: async () => rmSync(folder, { recursive: true }) };
  }
  const programs = findPostgres();
  if (programs === undefined) throw new Error(postgresMissing);
  const settings = ["shared_buffers=1GB", "max_wal_size=8GB", "maintenance_work_mem=512MB"];
  const server = await startPostgres(programs, { settings });
  return { subject: await postgresSubject(server.url), remove: () => server.stop() };
};

const megabytes = (bytes: number) => formatNumber(bytes / 1e6);

const print = (lines: readonly string[]) => process.stdout.write(`${lines.join("\n")}\n\n`);

const { subject, remove } = await temporary();
try {
  await (await subject.open()).close();
  const begun = performance.now();
  await fill(subject.filler, scale, (table) => {
    process.stderr.write(`${formatNumber((performance.now() - begun) / 1000)} s: ${table}\n`);
  });
  await subject.settle();
  process.stderr.write(`${formatNumber((performance.now() - begun) / 1000)} s: filled\n`);
  const sizes = (await subject.sizes()).filter(({ rows }) => rows > 0);
  print([
    tableRow(["table", "rows", "MB", "MB of indexes", "bytes a row"]),
    tableRow(["---", "---:", "---:", "---:", "---:"]),
    ...sizes
      .sort((a, b) => b.table + b.indexes - a.table - a.indexes)
      .map(({ name, rows, table, indexes }) =>
        tableRow([
          name,
          formatNumber(rows),
          megabytes(table),
          megabytes(indexes),
          formatNumber((table + indexes) / rows),
        ]),
      ),
  ]);
  const rowOf = ({ call, p50, p99, log, reads }: Measured) =>
    tableRow([
      call,
      formatNumber(p50),
      formatNumber(p99),
      reads.rows === undefined ? "" : formatNumber(reads.rows),
      log === undefined ? "" : formatNumber(log / 1000),
      [...reads.scans]
        .map((table) => `**all of ${table}**`)
        .concat([...reads.indexes])
        .join(", "),
    ]);
  print([
    tableRow(["call", "p50, ms", "p99, ms", "rows read", "log, KB", "plan"]),
    tableRow(["---", "---:", "---:", "---:", "---:", "---"]),
  ]);
  for await (const measured of measure(subject, Number(values.times)))
    process.stdout.write(`${rowOf(measured)}\n`);
} finally {
  await subject.close();
  await remove();
}
