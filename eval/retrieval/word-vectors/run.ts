/**
 * Measures what a table of word vectors adds to the search by words, for English questions: the figures of
 * docs/decisions/word-vectors.md.
 *
 * `npm run eval:word-vectors`, after `npm ci --prefix eval/retrieval/word-vectors` (300 MB).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { tableRow } from "../../../bench/page.ts";
import { layOutDocuments, readDocuments, readQuestions } from "../corpus.ts";
import { measure } from "../measure.ts";
import { searchedPassages } from "../peers.ts";
import { createNearIndex } from "./index-of-words.ts";
import { openTable } from "./table.ts";

const rounds = 20;

const dir = await mkdtemp(path.join(tmpdir(), "muxi-eval-"));
const questions = readQuestions().filter(({ language }) => language === "en");
try {
  const passages = searchedPassages(await readDocuments(dir, await layOutDocuments(dir)));
  const write = (cells: readonly string[]) => process.stdout.write(`${tableRow(cells)}\n`);
  write(["", "plain, recall@5", "MRR", "paraphrased, recall@5", "MRR", "CPU a question, ms"]);
  write(["---", "---:", "---:", "---:", "---:", "---:"]);
  const ways = [
    ["words", undefined],
    ["with the 10 nearest of each word, likeness from 0.5", openTable({ most: 10, least: 0.5 })],
    ["with the 20 nearest, from 0.5", openTable({ most: 20, least: 0.5 })],
    ["with the 40 nearest, from 0.45", openTable({ most: 40, least: 0.45 })],
  ] as const;
  for (const [name, table] of ways) {
    const index = createNearIndex(passages, table);
    const find = async ({ question }: { question: string }) => index.search(question);
    // The first round finds the near words that a shipped table would list.
    const rows = await measure({ name, find, close: async () => {} }, questions);
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round++) for (const { question } of questions) index.search(question);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = (user + system) / 1000 / rounds / questions.length;
    const all = rows.filter(({ language }) => language === "all");
    write([
      name,
      ...all.flatMap(({ recall5, mrr }) => [recall5.toFixed(3), mrr.toFixed(3)]),
      milliseconds.toFixed(3),
    ]);
  }
} finally {
  await rm(dir, { recursive: true });
}
