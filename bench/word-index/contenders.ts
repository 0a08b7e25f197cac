import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createDocumentWords } from "../../packages/runtime/src/knowledge/document-words.ts";
import { createWordSearch } from "../../packages/runtime/src/knowledge/word-search.ts";
import {
  createStore,
  type Database,
  type DocumentWord,
  passagesOfOne,
} from "../../packages/runtime/src/store/index.ts";
import { wordsOf } from "../../packages/runtime/src/text/index.ts";

/** An index of words. */
export interface Contender {
  name: string;
  /** Stores all passages, until they can be searched. */
  build(documents: readonly (readonly string[])[]): Promise<void>;
  /** The passages that fit a question best, by document and place in it. */
  find(question: string, limit: number): Promise<number[]>;
  close(): Promise<void>;
}

const formationId = "bench";
const agent = "reader";
const wordsAtOnce = 500;
const size = 1_000;
/** Passages of a document at most: its number times this, and the place, tell a passage. */
const mostOfDocument = 1_000;

/** The index of a formation's passages. */
export const openOurs = (name: string, database: Database): Contender => {
  const { knowledge: stored } = createStore(database);
  const search = createWordSearch(stored);
  let first = 0;
  return {
    name,
    async build(documents) {
      const knowledge = await stored.open(formationId, agent);
      for (const [number, passages] of documents.entries()) {
        const document = { source: String(number), origin: "", version: null, changedAt: 1 };
        const seq = await stored.begin(knowledge, { ...document, now: 1 });
        if (number === 0) first = seq;
        const words = createDocumentWords(size);
        for (const text of passages) words.add({ text, headings: [] });
        const rows = passages.map((content, place) => ({
          id: seq * passagesOfOne + place,
          content,
          place: "{}",
          key: null,
        }));
        await stored.add({ knowledge, seq }, { passages: rows, words: [] });
        let listed: DocumentWord[] = [];
        for (const row of words.rows()) {
          if (listed.push(row) < wordsAtOnce) continue;
          await stored.add({ knowledge, seq }, { passages: [], words: listed });
          listed = [];
        }
        await stored.add({ knowledge, seq }, { passages: [], words: listed });
        await stored.publish({ knowledge, seq, ...document }, { digest: "", passages: passages.length });
      }
    },
    async find(question, limit) {
      const state = await stored.state(formationId, agent);
      if (!state) return [];
      const words = new Map(wordsOf(question).map((word) => [word, 1]));
      const found = await search(state, { words, text: question }, limit);
      return [...found.keys()].map((id) => {
        const document = Math.floor(id / passagesOfOne);
        return (document - first) * mostOfDocument + (id % passagesOfOne);
      });
    },
    close: () => database.close(),
  };
};

/** FTS5, over the same words: its own rules find no Chinese or Thai ones, and stem only English. */
export const openFts5 = (dir: string): Contender => {
  const db = new DatabaseSync(path.join(dir, "fts5.db"));
  db.exec("pragma journal_mode = wal");
  db.exec(
    `create virtual table found using fts5(words, content='', tokenize="unicode61 categories 'L* N* Co Mn Mc'");
     create table passage (id integer primary key, content text)`,
  );
  const insertWords = db.prepare("insert into found (rowid, words) values (?, ?)");
  const insertPassage = db.prepare("insert into passage values (?, ?)");
  const query = db.prepare("select rowid as id from found where found match ? order by rank limit ?");
  return {
    name: "FTS5",
    async build(documents) {
      for (const [number, passages] of documents.entries()) {
        db.exec("begin");
        for (const [place, content] of passages.entries()) {
          const id = number * mostOfDocument + place;
          insertPassage.run(id, content);
          insertWords.run(id, wordsOf(content).join(" "));
        }
        db.exec("commit");
      }
    },
    async find(question, limit) {
      const words = [...new Set(wordsOf(question))].map((word) => `"${word}"`);
      return query.all(words.join(" OR "), limit).map(({ id }) => Number(id));
    },
    async close() {
      db.close();
    },
  };
};
