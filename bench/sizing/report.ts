import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findPostgres, postgresMissing, startPostgres } from "../../test/postgres-server.ts";
import { formatNumber, tableRow } from "../page.ts";
import { postgresSubject, type Subject, sqliteSubject } from "./database.ts";
import { fill, type Scale } from "./fill.ts";
import { type Measured, measure } from "./measure.ts";

const startSubject = async (engine: Subject["engine"]): Promise<[Subject, () => Promise<void>]> => {
  if (engine === "sqlite") {
    const folder = mkdtempSync(path.join(tmpdir(), "muxi-sizing-"));
    const subject = await sqliteSubject(path.join(folder, "memory.db"));
    return [subject, async () => rmSync(folder, { recursive: true })];
  }
  const programs = findPostgres();
  if (programs === undefined) throw new Error(postgresMissing);
  const settings = ["shared_buffers=1GB", "max_wal_size=8GB"];
  const server = await startPostgres(programs, { settings });
  return [await postgresSubject(server.url), () => server.stop()];
};

const print = (...lines: string[]) => process.stdout.write(`${lines.join("\n")}\n`);

const megabytes = (bytes: number): string => formatNumber(bytes / 1e6);

const printSizes = async (subject: Subject): Promise<void> => {
  const sizes = (await subject.sizes()).filter(({ rows }) => rows > 0);
  const bytes = ({ table, indexes }: { table: number; indexes: number }) => table + indexes;
  print(
    tableRow(["table", "rows", "MB", "MB of indexes", "bytes a row"]),
    tableRow(["---", "---:", "---:", "---:", "---:"]),
    ...sizes
      .toSorted((a, b) => bytes(b) - bytes(a))
      .map((size) => {
        const { name, rows, table, indexes } = size;
        const cells = [rows, table / 1e6, indexes / 1e6, bytes(size) / rows].map(formatNumber);
        return tableRow([name, ...cells]);
      }),
    `\n${megabytes(sizes.reduce((sum, size) => sum + bytes(size), 0))} MB in all\n`,
  );
};

const rowOf = ({ call, p50, p99, log, reads }: Measured): string => {
  const optional = (value: number | undefined) => (value === undefined ? "" : formatNumber(value));
  const plan = [...[...reads.scans].map((table) => `**all of ${table}**`), ...reads.indexes];
  const kilobytes = log === undefined ? undefined : log / 1000;
  const cells = [formatNumber(p50), formatNumber(p99), optional(reads.rows), optional(kilobytes)];
  return tableRow([call, ...cells, plan.join(", ")]);
};

/** Generates a database, and prints what is in it and what each call takes, as Markdown. */
export const printMeasured = async (
  engine: Subject["engine"],
  scale: Scale,
  times: number,
): Promise<void> => {
  const begun = performance.now();
  const tell = (what: string) =>
    process.stderr.write(`${formatNumber((performance.now() - begun) / 1000)} s: ${what}\n`);
  const [subject, remove] = await startSubject(engine);
  try {
    await (await subject.open()).close();
    await fill(subject.filler, scale, tell);
    await subject.settle();
    tell("measuring");
    await printSizes(subject);
    print(
      tableRow(["call", "p50, ms", "p99, ms", "rows read", "log, KB", "looked up in"]),
      tableRow(["---", "---:", "---:", "---:", "---:", "---"]),
    );
    for await (const measured of measure(subject, times)) print(rowOf(measured));
  } finally {
    await subject.close();
    await remove();
  }
};
