import type { CodedVector } from "../vectors/index.ts";
import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { passagesOfOne } from "./knowledge-rows.ts";
import { createKnowledgeTurns, type KnowledgeTurns } from "./knowledge-turns.ts";

/** A passage that has no vector of a model. */
export interface UnembeddedPassage {
  id: number;
  content: string;
  /** Where it stands, as JSON. */
  place: string;
}

/** A passage by what is embedded of it. */
export interface DigestedPassage {
  id: number;
  digest: string;
}

/** The vector of a passage and its code, both of no length when the model refuses the passage. */
export interface EmbeddedPassage extends DigestedPassage {
  vector: Uint8Array;
  code: Uint8Array;
}

/** The vectors of passages, and their codes: a few bytes each, to find the nearest before vectors are read. */
export interface KnowledgeVectorRepository extends KnowledgeTurns {
  /** Passages that are seen and have no vector of a model, by their ids from `after` on. */
  missing(seq: number, model: string, after: number, limit: number): Promise<UnembeddedPassage[]>;
  put(seq: number, model: string, passages: readonly EmbeddedPassage[]): Promise<void>;
  /**
   * Gives passages the vectors, of all models, that others of the formation with the same digest have. Gives what there
   * was.
   */
  reuse(
    seq: number,
    passages: readonly DigestedPassage[],
  ): Promise<readonly { digest: string; model: string }[]>;
  /** Lets searches use the vectors of a model; false when passages without one are left. */
  serve(seq: number, model: string): Promise<boolean>;
  /** Deletes some vectors of other models; false when the last one is gone. */
  clearOthers(seq: number, model: string): Promise<boolean>;
  /** Codes with a higher number than `after`; their ids are those of passages. */
  codes(seq: number, model: string, after: number, limit: number): Promise<CodedVector[]>;
  /** The vectors of those of the passages that searches may see. */
  vectors(model: string, ids: readonly number[]): Promise<{ id: number; vector: Uint8Array }[]>;
}

/** Rows that are deleted in one transaction. */
const clearedAtOnce = 500;

export const createKnowledgeVectorRepository = (db: Database): KnowledgeVectorRepository => {
  const { isOneOf, textsOf } = db.dialect;
  const asBytes = (bytes: Uint8Array): Statement => ({
    text: `cast(? as ${db.dialect.bytes})`,
    values: [bytes],
  });
  const changed = (seq: number) => sql`update knowledge set vectors = vectors + 1 where seq = ${seq}`;
  const documentOf = (id: number) => Math.floor(id / passagesOfOne);
  /** What an agent of the same formation knows. */
  const ofFormation = (seq: number) => sql`(select seq from knowledge where formation_id =
    (select formation_id from knowledge where seq = ${seq}))`;

  return {
    ...createKnowledgeTurns(db, "embedding"),

    missing: (seq, model, after, limit) =>
      db.readLong(
        // Literals, here and below: SQLite would take a parameter for a fraction.
        sql`select id, content, place from knowledge_document
          join knowledge_passage on id >= seq * 1000000 and id < (seq + 1) * 1000000
          where knowledge_seq = ${seq} and state = 'ready' and embedded_by <> ${model} and id > ${after}
            and not exists (select 1 from knowledge_code where passage = id and model = ${model})
          order by id limit ${limit}`,
      ),

    async put(seq, model, passages) {
      await db.writeInOrder([
        ...passages.flatMap(({ id, digest, vector, code }) => [
          // Its document may be gone since it was read.
          sql`insert into knowledge_code (knowledge_seq, document_seq, passage, model, digest, code)
            select knowledge_seq, seq, cast(${id} as bigint), cast(${model} as text), cast(${digest} as text), ${asBytes(code)}
            from knowledge_document where seq = ${documentOf(id)} and state = 'ready'
            on conflict (passage, model) do nothing`,
          sql`insert into knowledge_vector (passage, model, vector)
            select passage, model, ${asBytes(vector)} from knowledge_code
            where passage = ${id} and model = ${model}
            on conflict (passage, model) do nothing`,
        ]),
        changed(seq),
      ]);
    },

    async reuse(seq, passages) {
      const digests = textsOf(JSON.stringify(passages.map(({ digest }) => digest)));
      const known = await db.read<{ digest: string; model: string }>(
        sql`select distinct digest, model from knowledge_code
          where digest in (select value from ${digests} as listed) and knowledge_seq in ${ofFormation(seq)}`,
      );
      if (known.length === 0) return known;
      const digestsOfAny = new Set(known.map(({ digest }) => digest));
      const same = (id: number, digest: string) =>
        sql`same.digest = ${digest} and same.passage <> ${id} and same.knowledge_seq in ${ofFormation(seq)}`;
      await db.writeInOrder([
        ...passages
          .filter(({ digest }) => digestsOfAny.has(digest))
          .flatMap(({ id, digest }) => [
            sql`insert into knowledge_vector (passage, model, vector)
              select cast(${id} as bigint), made.model, made.vector from knowledge_code as same
              join knowledge_vector as made on made.passage = same.passage and made.model = same.model
              where ${same(id, digest)} on conflict (passage, model) do nothing`,
            sql`insert into knowledge_code (knowledge_seq, document_seq, passage, model, digest, code)
              select own.knowledge_seq, own.seq, cast(${id} as bigint), same.model, same.digest, same.code
              from knowledge_document as own, knowledge_code as same
              where own.seq = ${documentOf(id)} and ${same(id, digest)}
              on conflict (passage, model) do nothing`,
          ]),
        changed(seq),
      ]);
      return known;
    },

    async serve(seq, model) {
      await db.write([
        sql`update knowledge_document set embedded_by = ${model}
          where knowledge_seq = ${seq} and state = 'ready' and embedded_by <> ${model}
            and not exists (select 1 from knowledge_passage
              where id >= knowledge_document.seq * 1000000 and id < (knowledge_document.seq + 1) * 1000000
                and not exists (select 1 from knowledge_code where passage = id and model = ${model}))`,
      ]);
      const [result] = await db.write([
        sql`update knowledge set vector_model = ${model}, vectors = vectors + 1 where seq = ${seq}
          and not exists (select 1 from knowledge_document
            where knowledge_seq = ${seq} and state = 'ready' and embedded_by <> ${model})`,
      ]);
      return result?.changes === 1;
    },

    async clearOthers(seq, model) {
      const [, codes] = await db.write([
        sql`delete from knowledge_vector where (passage, model) in
          (select passage, model from knowledge_code
            where knowledge_seq = ${seq} and model <> ${model} order by seq limit ${clearedAtOnce})`,
        sql`delete from knowledge_code where seq in
          (select seq from knowledge_code
            where knowledge_seq = ${seq} and model <> ${model} order by seq limit ${clearedAtOnce})`,
      ]);
      return codes?.changes === clearedAtOnce;
    },

    codes: (seq, model, after, limit) =>
      db.readLong(
        sql`select seq, passage as id, code from knowledge_code
          where knowledge_seq = ${seq} and model = ${model} and seq > ${after}
            and length(code) > 0 order by seq limit ${limit}`,
      ),

    vectors: (model, ids) =>
      db.readLong(
        sql`select passage as id, vector from knowledge_vector
          join knowledge_document on seq = passage / 1000000 and state = 'ready'
          where passage ${isOneOf(ids)} and model = ${model}`,
      ),
  };
};
