import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import {
  type DocumentFilter,
  type OutlinedDocument,
  type OutlinedPassage,
  passagesOfOne,
  type StoredPassage,
  type WordPlaces,
} from "./knowledge-rows.ts";

/** What a search asks of the documents that an agent knows. */
export interface KnowledgeSearches {
  /** The documents that fit, at most as many as are wanted. */
  matching(seq: number, filter: DocumentFilter, most: number): Promise<number[]>;
  /**
   * Where some words stand, in as many documents as are wanted, the greatest weights first.
   *
   * @param within Only these documents are looked at; their number of passages is that of all.
   */
  places(
    seq: number,
    words: readonly string[],
    documents: number,
    within?: readonly number[],
  ): Promise<WordPlaces[]>;
  /** The documents that searches may see, by their names, at most as many as are wanted. */
  readable(seq: number, most: number): Promise<OutlinedDocument[]>;
  /** The passages of a document, in order. */
  outlined(document: number): Promise<OutlinedPassage[]>;
  /** How many passages have each of some words. */
  frequencies(seq: number, words: readonly string[]): Promise<{ word: string; passages: number }[]>;
  /** Those of the passages that searches may see. */
  passages(ids: readonly number[]): Promise<StoredPassage[]>;
  /** The same for one, by what it is known by. */
  passage(seq: number, key: string): Promise<StoredPassage | undefined>;
}

/** Characters by which an outline tells how a passage begins. */
const shownOfBeginning = 100;

/** A text as a pattern of `like`, in small letters. */
const likeText = (text: string): string => text.toLowerCase().replace(/[\\%_]/g, String.raw`\$&`);

/** A pattern with `*` and `?` as one of `like`. */
const likePattern = (glob: string): string => likeText(glob).replaceAll("*", "%").replaceAll("?", "_");

export const createKnowledgeSearches = (db: Database): KnowledgeSearches => {
  const { isOneOf, textsOf } = db.dialect;

  /** The passages that searches may see. A literal: SQLite would take a parameter for a fraction, and divide so. */
  const seen = sql`select id, passage_key as key, content, place, source, origin from knowledge_passage
    join knowledge_document on knowledge_document.seq = id / 1000000 and state = 'ready'`;

  return {
    async matching(seq, { source, path, from, to }, most) {
      const rows = await db.read<{ seq: number }>(
        sql`select seq from knowledge_document where knowledge_seq = ${seq} and state = 'ready'
            ${source === undefined ? sql`` : sql`and lower(source) like ${likePattern(source)} escape '\\'`}
            ${path === undefined ? sql`` : sql`and lower(source) like ${`${likeText(path)}/%`} escape '\\'`}
            ${from === undefined ? sql`` : sql`and changed_at >= ${from}`}
            ${to === undefined ? sql`` : sql`and changed_at > 0 and changed_at < ${to}`}
          order by seq desc limit ${most}`,
      );
      return rows.map((row) => row.seq);
    },

    readable: (seq, most) =>
      db.read(
        sql`select seq, source, origin, passages from knowledge_document
          where knowledge_seq = ${seq} and state = 'ready' and passages > 0
          order by source, seq limit ${most}`,
      ),

    outlined: (document) =>
      db.read(
        sql`select id, length(content) as size, substr(content, 1, ${shownOfBeginning}) as beginning, place
          from knowledge_passage
          where id >= ${document * passagesOfOne} and id < ${(document + 1) * passagesOfOne} order by id`,
      ),

    async places(seq, words, documents, within) {
      const isWithin = within === undefined ? sql`` : sql`and heavy.document_seq ${isOneOf(within)}`;
      const rows = await db.read<{ word: string; passages: number; documents: string | null }>(
        sql`select listed.value as word,
            (select coalesce(sum(passages), 0) from knowledge_word as any_word
              where any_word.knowledge_seq = ${seq} and any_word.word = listed.value) as passages,
            (select string_agg('[' || document_seq || ',' || places || ']', ',') from
              (select document_seq, places from knowledge_word as heavy
                where heavy.knowledge_seq = ${seq} and heavy.word = listed.value ${isWithin}
                order by best desc limit ${documents}) as heaviest) as documents
          from ${textsOf(JSON.stringify(words))} as listed`,
      );
      return rows.map(({ word, passages, documents }) => ({
        word,
        passages: Number(passages),
        documents: JSON.parse(`[${documents ?? ""}]`) as number[][],
      }));
    },

    async frequencies(seq, words) {
      const rows = await db.read<{ word: string; passages: number }>(
        sql`select listed.value as word, (select coalesce(sum(passages), 0) from knowledge_word
            where knowledge_seq = ${seq} and word = listed.value) as passages
          from ${textsOf(JSON.stringify(words))} as listed`,
      );
      return rows.map(({ word, passages }) => ({ word, passages: Number(passages) }));
    },

    passages: (ids) => db.read(sql`${seen} where id ${isOneOf(ids)}`),

    async passage(seq, key) {
      const [passage] = await db.read<StoredPassage>(
        sql`${seen} where passage_key = ${key} and knowledge_seq = ${seq} order by id limit 1`,
      );
      return passage;
    },
  };
};
