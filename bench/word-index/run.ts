/**
 * Measures the index of passages' words beside FTS5: the figures of docs/decisions/word-index.md.
 *
 * `npm run bench:word-index -- [--counts 1000,100000] [--write]`
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openSqlite } from "../../packages/runtime/src/store/index.ts";
import { wordsFrom } from "../knowledge/corpus.ts";
import { formatNumber, tableRow, writeFigures } from "../page.ts";
import { type Contender, openFts5, openOurs } from "./contenders.ts";

const command = "npm run bench:word-index";

const { values } = parseArgs({
  options: {
    counts: { type: "string", default: "1000,100000" },
    write: { type: "boolean", default: false },
  },
});

const wordsOfPassage = 80;
const passagesOfDocument = 100;
const questions = 200;
const wordsOfQuestion = 8;
const found = 10;

const ways: readonly { file: string; open: (dir: string) => Contender }[] = [
  { file: "memory.db", open: (dir) => openOurs("ours", openSqlite(path.join(dir, "memory.db"))) },
  { file: "fts5.db", open: openFts5 },
];

const documentsOf = (count: number): string[][] => {
  const words = wordsFrom(1);
  return Array.from({ length: Math.ceil(count / passagesOfDocument) }, () =>
    Array.from({ length: passagesOfDocument }, () => words(wordsOfPassage)),
  );
};

const measure = async (count: number, { file, open }: (typeof ways)[number]) => {
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-words-"));
  const contender = open(dir);
  try {
    const begun = process.cpuUsage();
    await contender.build(documentsOf(count));
    const building = process.cpuUsage(begun);
    const words = wordsFrom(3);
    const times: number[] = [];
    const answers: number[][] = [];
    const before = process.cpuUsage();
    for (let asked = 0; asked < questions; asked++) {
      const question = words(wordsOfQuestion);
      const start = performance.now();
      answers.push(await contender.find(question, found));
      times.push(performance.now() - start);
    }
    const spent = process.cpuUsage(before);
    // Then the file has taken in what was written beside it.
    await contender.close();
    times.sort((a, b) => a - b);
    const at = (share: number) => formatNumber(times[Math.floor(times.length * share)] ?? 0);
    const figures = [
      ...[at(0.5), at(0.99), formatNumber((spent.user + spent.system) / 1000 / questions)],
      formatNumber((building.user + building.system) / 1e6),
      formatNumber(statSync(path.join(dir, file)).size / 2 ** 20),
    ];
    return { name: contender.name, answers, figures };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

const head = ["passages", "", "as FTS5", "p50 ms", "p99 ms", "CPU ms", "build CPU s", "file MB"];
const rows = [tableRow(head), tableRow(head.map((_, at) => (at === 1 ? "---" : "---:")))];
for (const count of values.counts.split(",").map(Number)) {
  const measured = [];
  for (const way of ways) measured.push(await measure(count, way));
  const exact = measured.at(-1)?.answers ?? [];
  for (const { name, answers, figures } of measured) {
    const same = answers.map((ids, asked) => ids.filter((id) => exact[asked]?.includes(id)).length);
    const share = same.reduce((sum, some) => sum + some, 0) / exact.flat().length;
    rows.push(tableRow([formatNumber(count), name, share.toFixed(3), ...figures]));
  }
}
process.stdout.write(`${rows.join("\n")}\n`);
if (values.write) {
  const page = path.join(import.meta.dirname, "../../docs/decisions/word-index.md");
  writeFigures(page, `${command} -- --write`, rows.join("\n"));
}
