/**
 * Measures the index of passages' vectors beside sqlite-vec: the figures of docs/decisions/vector-index.md.
 *
 * `npm run bench:vectors -- [--counts 1000,100000] [--postgres] [--write]`, after `npm ci --prefix bench/vectors`.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { openPostgres, openSqlite } from "../../packages/runtime/src/store/index.ts";
import { findPostgres, postgresMissing, startPostgres } from "../../test/postgres-server.ts";
import { formatNumber, tableRow, writeFigures } from "../page.ts";
import { type Contender, openOurs, openSqliteVec, silent } from "./contenders.ts";
import { exactlyNearest, makeVectors } from "./passages.ts";

const command = "npm run bench:vectors";

const { values } = parseArgs({
  options: {
    counts: { type: "string", default: "1000,100000" },
    dimensions: { type: "string", default: "384" },
    questions: { type: "string", default: "200" },
    write: { type: "boolean", default: false },
    /** Measures one way alone, in this process. */
    only: { type: "string" },
  },
});

const moduleSchema = z.object({
  getLoadablePath: z.custom<() => unknown>((value) => typeof value === "function"),
});
const textSchema = z.string();

const found = 10;
const dimensions = Number(values.dimensions);
const megabyte = 2 ** 20;

const memory = (): number => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};

const openPostgresOnce = async (): Promise<Contender> => {
  const programs = findPostgres();
  if (programs === undefined) throw new Error(postgresMissing);
  const server = await startPostgres(programs, { settings: [] });
  const ours = openOurs("ours, Postgres", await openPostgres(server.url, { queryTimeout: 600, log: silent }));
  return {
    ...ours,
    async close() {
      await ours.close();
      await server.stop();
    },
  };
};

/** The library of sqlite-vec, which is installed for this measurement alone. */
const sqliteVecFile = async (): Promise<string> => {
  const name = "sqlite-vec";
  const { getLoadablePath } = moduleSchema.parse(await import(name));
  return textSchema.parse(getLoadablePath());
};

const sqliteVec = async (dir: string, byBits: boolean): Promise<Contender> => {
  return openSqliteVec(dir, byBits, await sqliteVecFile());
};

const ways: Readonly<Record<string, (dir: string) => Promise<Contender>>> = {
  sqlite: async (dir) => openOurs("ours, SQLite", openSqlite(path.join(dir, "memory.db"))),
  postgres: openPostgresOnce,
  exact: (dir) => sqliteVec(dir, false),
  bits: (dir) => sqliteVec(dir, true),
};

/** Measures one way with so many vectors; gives a row of the table. */
const measure = async (way: string, count: number): Promise<string> => {
  const dir = await mkdtemp(path.join(tmpdir(), "muxi-vectors-"));
  const { all, questions } = makeVectors(count, dimensions, Number(values.questions));
  const open = ways[way];
  if (!open) throw new Error(`there is no way ${way}`);
  const contender = await open(dir);
  try {
    const begun = performance.now();
    await contender.build(all, dimensions);
    const built = performance.now();
    const before = memory();
    const opened = performance.now();
    await contender.find(all.subarray(0, dimensions), found);
    const loading = performance.now() - opened;
    const times: number[] = [];
    let same = 0;
    const cpu = process.cpuUsage();
    const answers: number[][] = [];
    for (const question of questions) {
      const start = performance.now();
      answers.push(await contender.find(question, found));
      times.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(cpu);
    const grown = (memory() - before) / megabyte;
    for (const [place, question] of questions.entries()) {
      const exact = new Set(exactlyNearest(all, question, found));
      same += (answers[place] ?? []).filter((id) => exact.has(id)).length;
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => formatNumber(times[Math.floor(times.length * share)] ?? 0);
    return tableRow([
      formatNumber(count),
      contender.name,
      (same / questions.length / found).toFixed(3),
      ...[at(0.5), at(0.99), formatNumber((user + system) / 1000 / questions.length)],
      ...[formatNumber((built - begun) / 1000), formatNumber(loading), formatNumber(grown)],
    ]);
  } finally {
    await contender.close();
    await rm(dir, { recursive: true });
  }
};

/** Each in a process of its own, so that none finds the memory that another one has left. */
const measureApart = (way: string, count: string): string => {
  const args = ["--no-warnings", "--expose-gc", "--conditions=muxi-source", import.meta.filename];
  const given = [
    "--only",
    way,
    "--counts",
    count,
    "--dimensions",
    values.dimensions,
    "--questions",
    values.questions,
  ];
  const { stdout, status } = spawnSync(process.execPath, [...args, ...given], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`measuring ${way} with ${count} vectors failed`);
  process.stdout.write(stdout);
  return stdout.trim();
};

if (values.only !== undefined) {
  process.stdout.write(`${await measure(values.only, Number(values.counts))}\n`);
} else {
  const head = ["vectors", "", "recall@10", "p50 ms", "p99 ms", "CPU ms", "build s", "first ms", "memory MB"];
  const rows = [tableRow(head), tableRow(head.map((_, at) => (at === 1 ? "---" : "---:")))];
  for (const count of values.counts.split(",")) {
    for (const way of Object.keys(ways)) rows.push(measureApart(way, count));
  }
  if (values.write) {
    const page = path.join(import.meta.dirname, "../../docs/decisions/vector-index.md");
    writeFigures(page, `${command} -- --write`, rows.join("\n"));
  }
}
