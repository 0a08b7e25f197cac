/**
 * How long a formation takes to recall: one user with many memories, in a database that holds many more.
 *
 * `node --conditions=muxi-source bench/recall.ts [--own 100000] [--all 1000000] [--dimensions 0] [--queries 1000]`
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { createMemorySearch } from "../packages/runtime/src/memory/search.ts";
import { subjectOf } from "../packages/runtime/src/memory/subject.ts";
import { wordsOf } from "../packages/runtime/src/memory/text.ts";
import { createVectorSearch } from "../packages/runtime/src/memory/vectors.ts";
import {
  createMemoryRepository,
  createVectorRepository,
  type NewMemory,
  openSqlite,
  userSpace,
} from "../packages/runtime/src/store/index.ts";
import { formatNumber, tableRow } from "./page.ts";

const { values } = parseArgs({
  options: {
    own: { type: "string", default: "100000" },
    all: { type: "string", default: "1000000" },
    dimensions: { type: "string", default: "0" },
    queries: { type: "string", default: "1000" },
  },
});
const own = Number(values.own);
const all = Number(values.all);
const dimensions = Number(values.dimensions);
const queries = Number(values.queries);

/** Numbers from 0 to 1 that are the same in every run. */
const random = (() => {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
})();

const vocabulary = 20_000;
/** Few words are said often and most seldom, as in any language. */
const word = () => `w${Math.floor(vocabulary ** random())}`;
const sentence = (length: number) => Array.from({ length }, word).join(" ");

const formationId = "bench";
const memoryOf = (userId: string, place: number): NewMemory => {
  const content = `${sentence(12)} n${place}`;
  return {
    owner: { formationId, userId },
    scope: "user",
    scopeId: null,
    subject: subjectOf(content),
    collection: "context",
    content,
    words: [...new Set(wordsOf(content))],
    metadata: {},
    source: "api",
    importance: 0.5,
    now: place,
  };
};

/** Stands for an embedding model that takes no time: the figures are those of the search. */
const model = {
  id: "bench/embedding",
  embed: async (texts: readonly string[]) =>
    texts.map(() => Float32Array.from({ length: dimensions }, () => random() - 0.5)),
};

const folder = mkdtempSync(join(tmpdir(), "muxi-recall-"));
const file = join(folder, "memory.db");
const database = openSqlite(file);
try {
  const memories = createMemoryRepository(database);
  const batch = 1_000;
  const fill = async (count: number, userOf: (place: number) => string) => {
    for (let from = 0; from < count; from += batch) {
      const size = Math.min(batch, count - from);
      await memories.add(
        Array.from({ length: size }, (_, place) => memoryOf(userOf(from + place), from + place)),
      );
    }
  };
  process.stderr.write(`filling ${file}\n`);
  await fill(own, () => "busy");
  await fill(all - own, (place) => `user${place % 1_000}`);

  const vectorSearch = createVectorSearch({
    formationId,
    model,
    vectors: createVectorRepository(database),
    maxBytes: 2 ** 30,
    log: pino({ level: "warn" }),
  });
  const vectors = dimensions > 0 ? vectorSearch : undefined;
  if (vectors) {
    const stored = createVectorRepository(database);
    process.stderr.write("making vectors\n");
    vectors.wake();
    while ((await stored.missing(formationId, model.id, 1)).length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  await vectorSearch.close();

  const search = createMemorySearch({ memories, vectors });
  const measure = async (userId: string): Promise<number[]> => {
    const times: number[] = [];
    const spaces = [userSpace({ formationId, userId })];
    for (let query = -20; query < queries; query++) {
      const text = sentence(8);
      const words = [...new Set(wordsOf(text))];
      const begin = performance.now();
      await search.find(spaces, text, words);
      if (query >= 0) times.push(performance.now() - begin);
    }
    return times.sort((a, b) => a - b);
  };

  const rows = [
    { name: `user with ${formatNumber(own)} memories`, times: await measure("busy") },
    { name: `user with ${formatNumber((all - own) / 1_000)} memories`, times: await measure("user7") },
  ];
  const at = (times: readonly number[], share: number) =>
    formatNumber(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN);
  const size = formatNumber(statSync(file).size / 2 ** 20);
  process.stdout.write(
    [
      tableRow([
        `Recall, ${formatNumber(all)} memories in all (${size} MB)`,
        "median ms",
        "p99 ms",
        "worst ms",
      ]),
      tableRow(["---", "---:", "---:", "---:"]),
      ...rows.map(({ name, times }) => tableRow([name, at(times, 0.5), at(times, 0.99), at(times, 1)])),
      "",
    ].join("\n"),
  );
} finally {
  await database.close();
  rmSync(folder, { recursive: true });
}
