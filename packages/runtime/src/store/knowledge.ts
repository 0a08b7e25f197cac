import type { Database } from "./database/index.ts";
import { type Statement, sql, textRows } from "./database/index.ts";
import {
  type DocumentPage,
  type DocumentWord,
  type KnowledgeDocument,
  type KnowledgeOverview,
  type KnowledgeState,
  passagesOfOne,
  type StoredPassage,
} from "./knowledge-rows.ts";
import { createKnowledgeSearches, type KnowledgeSearches } from "./knowledge-searches.ts";
import { createKnowledgeTurns, type KnowledgeTurns } from "./knowledge-turns.ts";
import { afterPlace } from "./list-page.ts";

/** What agents know from documents (docs/spec/formation-files.md "Knowledge"). */
export interface KnowledgeRepository extends KnowledgeTurns, KnowledgeSearches {
  /** The number of what an agent knows. */
  open(formationId: string, agentId: string): Promise<number>;
  state(formationId: string, agentId: string): Promise<KnowledgeState | undefined>;
  /** All agents of a formation that know something, or did. */
  overview(formationId: string): Promise<KnowledgeOverview[]>;
  /** Notes that the sources are to be looked at. */
  ask(seq: number, now: number): Promise<void>;
  /** Has documents of these names read anew. Searches find what they were until then. */
  expire(seq: number, sources: readonly string[]): Promise<void>;
  /** Notes how far the process that indexes is. */
  note(seq: number, progress: { looked: number; found: number }): Promise<void>;
  /** Notes that all is stored that the sources had at a time. */
  finish(seq: number, at: number): Promise<void>;
  /** Forgets how sources elsewhere stand but for some. */
  forgetSources(seq: number, others: readonly string[]): Promise<void>;
  /** Forgets an agent whose documents are gone. */
  forget(seq: number): Promise<void>;
  /** Documents that are there, those that were read last first. */
  list(seq: number, page: DocumentPage): Promise<KnowledgeDocument[]>;
  /** Documents of an agent in any state: all, or those of a source elsewhere. */
  documents(seq: number, origin?: string): Promise<KnowledgeDocument[]>;
  /** Begins to write a document, and returns its number. Nobody sees it yet. */
  begin(
    seq: number,
    document: Pick<KnowledgeDocument, "source" | "origin" | "version"> & {
      changedAt: number;
      now: number;
    },
  ): Promise<number>;
  /** Has the documents of a source elsewhere read anew. Searches find what they were until then. */
  expireOrigin(seq: number, origin: string): Promise<void>;
  /** Notes by what to tell whether a document has changed, when it has not. */
  keepVersion(document: number, version: string): Promise<void>;
  /** Writes some of a document's passages and words. */
  add(
    document: { knowledge: number; seq: number },
    part: { passages: readonly Omit<StoredPassage, "source" | "origin">[]; words: readonly DocumentWord[] },
  ): Promise<void>;
  /** Lets searches see a document in place of what there was of its source. */
  publish(
    document: { knowledge: number; seq: number; source: string; origin: string },
    result: { digest: string } & ({ passages: number } | { failure: string }),
  ): Promise<void>;
  /** Takes a document away from searches. */
  withdraw(document: { knowledge: number; seq: number }): Promise<void>;
  /** Deletes some rows of a document that no search sees; false when the last one is gone. */
  clear(document: number): Promise<boolean>;
}

/** Rows that are deleted in one transaction. */
const clearedAtOnce = 500;

export const createKnowledgeRepository = (db: Database): KnowledgeRepository => {
  const { each } = db.dialect;

  const insertPassage = each({
    given: { id: "bigint", key: "text", content: "text", place: "text" },
    text: `insert into knowledge_passage (id, passage_key, content, place)
      select given.id, given.key, given.content, given.place from given`,
  });
  const insertWord = each({
    given: {
      knowledge: "bigint",
      word: "text",
      best: "bigint",
      document: "bigint",
      passages: "bigint",
      places: "text",
    },
    text: `insert into knowledge_word (knowledge_seq, word, best, document_seq, passages, places)
      select given.knowledge, given.word, given.best, given.document, given.passages, given.places from given`,
  });

  /**
   * Counts documents that come or go, before they do. A search sees the change at once: it asks for the version first.
   *
   * @param leaving Selects those that go.
   */
  const changed = (
    seq: number,
    leaving: Statement,
    { documents, unread, passages }: Pick<KnowledgeOverview, "documents" | "unread" | "passages">,
  ) => {
    const less = (what: Statement) =>
      sql`(select coalesce(sum(${what}), 0) from knowledge_document
        where knowledge_seq = ${seq} and state in ('ready', 'unread') and ${leaving})`;
    return sql`update knowledge set version = version + 1,
        documents = documents + ${documents} - ${less(sql`1`)},
        unread = unread + ${unread} - ${less(sql`case state when 'unread' then 1 else 0 end`)},
        passages = passages + ${passages} - ${less(sql`passages`)}
      where seq = ${seq}`;
  };
  const selected = sql`select seq, source, origin, version, digest, state, failure, passages, indexed_at as "indexedAt"
    from knowledge_document`;
  const nothing = { documents: 0, unread: 0, passages: 0 };

  return {
    ...createKnowledgeTurns(db, "indexing"),
    ...createKnowledgeSearches(db),

    async open(formationId, agentId) {
      const [known] = await db.read<{ seq: number }>(
        sql`select seq from knowledge where formation_id = ${formationId} and agent_id = ${agentId}`,
      );
      if (known) return known.seq;
      const [result] = await db.write([
        sql`insert into knowledge (formation_id, agent_id, version, passages, holder, until)
          values (${formationId}, ${agentId}, 0, 0, '', 0)
          on conflict (formation_id, agent_id) do update set version = knowledge.version returning seq`,
      ]);
      return Number(result?.rows[0]?.seq);
    },

    async state(formationId, agentId) {
      const [state] = await db.read<KnowledgeState>(
        sql`select seq, version, passages, vectors, vector_model as "vectorModel" from knowledge
          where formation_id = ${formationId} and agent_id = ${agentId}`,
      );
      return state;
    },

    overview: (formationId) =>
      db.read(
        sql`select seq, agent_id as "agentId", documents, unread, passages, looked, found,
            indexed_at as "indexedAt", asked_at as "askedAt", holder, until
          from knowledge where formation_id = ${formationId}`,
      ),

    async ask(seq, now) {
      await db.write([sql`update knowledge set asked_at = ${now} where seq = ${seq}`]);
    },

    async expire(seq, sources) {
      await db.write([
        sql`update knowledge_document set digest = '' where knowledge_seq = ${seq}
          and source in ${textRows(db.dialect, sources)}`,
      ]);
    },

    async note(seq, { looked, found }) {
      await db.write([sql`update knowledge set looked = ${looked}, found = ${found} where seq = ${seq}`]);
    },

    async finish(seq, at) {
      const standing = sql`from knowledge_document where knowledge_seq = ${seq} and state`;
      // Counted anew: a process of the version before counts passages alone.
      await db.write([
        sql`update knowledge set indexed_at = ${at}, looked = found,
            documents = (select count(*) ${standing} in ('ready', 'unread')),
            unread = (select count(*) ${standing} = 'unread'),
            passages = (select coalesce(sum(passages), 0) ${standing} = 'ready')
          where seq = ${seq}`,
      ]);
    },

    async forgetSources(seq, others) {
      await db.write([
        sql`delete from knowledge_source where knowledge_seq = ${seq}
          and origin not in ${textRows(db.dialect, others)}`,
      ]);
    },

    async forget(seq) {
      await db.write([sql`delete from knowledge where seq = ${seq}`]);
    },

    documents: (seq, origin) => {
      const within = origin === undefined ? sql`` : sql`and origin = ${origin}`;
      return db.read(sql`${selected} where knowledge_seq = ${seq} ${within} order by source, seq`);
    },

    list: (seq, { limit, before, state }) =>
      db.read(
        sql`${selected} where knowledge_seq = ${seq} ${afterPlace(sql`indexed_at`, before)}
          and ${state === "unread" ? sql`state = 'unread'` : state ? sql`state = 'ready'` : sql`state in ('ready', 'unread')`}
          order by indexed_at desc, seq desc limit ${limit}`,
      ),

    async begin(seq, { source, origin, version, changedAt, now }) {
      const [result] = await db.write([
        sql`insert into knowledge_document
            (knowledge_seq, source, origin, version, digest, state, passages, changed_at, indexed_at)
          values (${seq}, ${source}, ${origin}, ${version}, '', 'writing', 0, ${changedAt}, ${now}) returning seq`,
      ]);
      return Number(result?.rows[0]?.seq);
    },

    async expireOrigin(seq, origin) {
      await db.write([
        sql`update knowledge_document set digest = '' where knowledge_seq = ${seq} and origin = ${origin}`,
      ]);
    },

    async keepVersion(document, version) {
      await db.write([sql`update knowledge_document set version = ${version} where seq = ${document}`]);
    },

    async add({ knowledge, seq }, { passages, words }) {
      await db.write([
        ...passages.map((row) => insertPassage({ ...row }, String(row.id))),
        ...words.map((row) => insertWord({ ...row, knowledge, document: seq }, `${seq} ${row.word}`)),
      ]);
    },

    async publish({ knowledge, seq, source, origin }, result) {
      const { state, passages, failure } =
        "failure" in result
          ? { state: "unread", passages: 0, failure: result.failure }
          : { state: "ready", passages: result.passages, failure: null };
      // Another process that has taken the turn has deleted it.
      const isThere = sql`update knowledge_document
        set state = ${state}, passages = ${passages}, failure = ${failure}, digest = ${result.digest} where seq = ${seq} and state = 'writing'`;
      const replaced = sql`source = ${source} and origin = ${origin} and seq <> ${seq}`;
      const counts = { documents: 1, unread: state === "unread" ? 1 : 0, passages };
      await db.writeIf(isThere, [
        changed(knowledge, replaced, counts),
        sql`update knowledge_document set state = 'leaving' where knowledge_seq = ${knowledge} and ${replaced}`,
      ]);
    },

    async withdraw({ knowledge, seq }) {
      await db.write([
        changed(knowledge, sql`seq = ${seq}`, nothing),
        sql`update knowledge_document set state = 'leaving' where seq = ${seq}`,
      ]);
    },

    async clear(document) {
      const first = document * passagesOfOne;
      const deleted = await db.write([
        sql`delete from knowledge_word where (knowledge_seq, word, best, document_seq) in
          (select knowledge_seq, word, best, document_seq from knowledge_word
            where document_seq = ${document} limit ${clearedAtOnce})`,
        sql`delete from knowledge_passage where id in (select id from knowledge_passage
          where id >= ${first} and id < ${first + passagesOfOne} order by id limit ${clearedAtOnce})`,
        sql`delete from knowledge_vector where (passage, model) in
          (select passage, model from knowledge_vector
            where passage >= ${first} and passage < ${first + passagesOfOne} limit ${clearedAtOnce})`,
        sql`delete from knowledge_code where seq in
          (select seq from knowledge_code where document_seq = ${document} limit ${clearedAtOnce})`,
      ]);
      if (deleted.some(({ changes }) => changes === clearedAtOnce)) return true;
      await db.write([sql`delete from knowledge_document where seq = ${document}`]);
      return false;
    },
  };
};
