import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Document, markdownOf } from "@muxi/documents";
import { afterAll, beforeAll, expect, test } from "vitest";
import { layOutDocuments, readDocuments, readQuestions } from "../eval/retrieval/corpus.ts";
import { measure } from "../eval/retrieval/measure.ts";
import { missedGoals } from "../eval/retrieval/report.ts";
import { openWords } from "../eval/retrieval/words.ts";
import { topicWordsOf } from "../packages/runtime/src/text/index.ts";

const questions = readQuestions();
const ofKind = (kind: string) => questions.filter((question) => question.kind === kind);

let dir: string;
let documents: ReadonlyMap<string, Document>;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "muxi-retrieval-"));
  const folder = path.join(dir, "documents");
  documents = await readDocuments(folder, await layOutDocuments(folder));
});

afterAll(() => rm(dir, { recursive: true }));

/** Only letters and digits, since a table or a page that is read has other marks and lines than its source. */
const bare = (text: string): string => ` ${text.replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;

test("there are as many documents and questions as the evaluation claims, half of these paraphrased", () => {
  const formats = new Set([...documents.keys()].map((name) => path.extname(name)));
  const languages = new Set([...documents.keys()].map((name) => path.dirname(name)));
  expect(documents.size).toBeGreaterThanOrEqual(200);
  expect(formats.size).toBe(6);
  expect(languages.size).toBe(8);
  expect(questions.length).toBeGreaterThanOrEqual(300);
  expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length);
  expect(ofKind("paraphrased").length / questions.length).toBeCloseTo(0.5, 1);
  for (const language of languages) {
    const here = questions.filter((question) => question.language === language);
    expect(here.filter(({ kind }) => kind === "plain").length).toBeGreaterThanOrEqual(20);
    expect(here.filter(({ kind }) => kind === "paraphrased").length).toBeGreaterThanOrEqual(20);
  }
});

test("the answer of every question stands in its document, in the question's language", () => {
  const unsound = questions.filter(({ language, documents: [first = ""], answer }) => {
    const document = documents.get(first);
    return (
      path.dirname(first) !== language || !document || !bare(markdownOf(document)).includes(bare(answer))
    );
  });
  expect(unsound).toEqual([]);
  expect(questions.flatMap((question) => question.documents).filter((name) => !documents.has(name))).toEqual(
    [],
  );
});

test("paraphrased questions share no word with their answer that says what it is about", () => {
  const shared = ofKind("paraphrased").flatMap(({ id, question, answer }) => {
    const words = topicWordsOf(answer);
    return [...topicWordsOf(question)].filter((word) => words.has(word)).map((word) => ({ id, word }));
  });
  expect(shared).toEqual([]);
});

test("plain questions are found by their words as well as the goals ask, in every language", async () => {
  const way = await openWords(dir, { hasNearWords: false });
  expect(missedGoals(await measure(way, questions))).toEqual([]);
  await way.close();
});
