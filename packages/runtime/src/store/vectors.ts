import type { CodedVector } from "../vectors/index.ts";
import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import type { Space } from "./memory-rows.ts";

/** A memory without a vector of the current model. */
export interface Unembedded {
  seq: number;
  content: string;
  updatedAt: number;
}

/** The vectors of memories, and their codes: a few bytes each, to find the nearest before vectors are read. */
export interface VectorRepository {
  /** Memories of the formation without a vector of the model. */
  missing(formationId: string, model: string, limit: number): Promise<Unembedded[]>;
  put(
    model: string,
    entries: readonly { memory: Unembedded; vector: Uint8Array; code: Uint8Array }[],
  ): Promise<void>;
  /** Codes with a higher number than `after`; their ids are the numbers of memories. */
  codes(space: Space, model: string, after: number, limit: number): Promise<CodedVector[]>;
  vectors(space: Space, ids: readonly number[]): Promise<{ id: number; vector: Uint8Array }[]>;
}

export const createVectorRepository = (db: Database): VectorRepository => {
  const asBytes = (bytes: Uint8Array): Statement => ({
    text: `cast(? as ${db.dialect.bytes})`,
    values: [bytes],
  });

  return {
    async missing(formationId, model, limit) {
      const columns = sql`seq, content, updated_at as "updatedAt"`;
      const of = (difference: Statement) =>
        sql`select * from (select ${columns} from memory
          where formation_id = ${formationId} and vector_model ${difference} limit ${limit}) as page`;
      // Two ranges of the index: `<>` would read all of it.
      return db.read(sql`${of(sql`< ${model}`)} union all ${of(sql`> ${model}`)} limit ${limit}`);
    },

    async put(model, entries) {
      await db.writeInOrder(
        entries.flatMap(({ memory: { seq, updatedAt }, vector, code }) => [
          sql`insert into memory_vector (memory_seq, space, vector)
            select seq, space, ${asBytes(vector)} from memory where seq = ${seq}
            on conflict (memory_seq) do update set vector = excluded.vector`,
          sql`delete from memory_code where memory_seq = ${seq}`,
          sql`insert into memory_code (space, memory_seq, model, code)
            select space, seq, cast(${model} as text), ${asBytes(code)} from memory where seq = ${seq}`,
          sql`update memory set vector_model = ${model} where seq = ${seq} and updated_at = ${updatedAt}`,
        ]),
      );
    },

    codes: (space, model, after, limit) =>
      db.readLong(
        sql`select seq, memory_seq as id, code from memory_code
          where space = ${space} and seq > ${after} and model = ${model} order by seq limit ${limit}`,
      ),

    vectors: (space, ids) =>
      db.readLong(
        sql`select memory_seq as id, vector from memory_vector
          where memory_seq ${db.dialect.isOneOf(ids)} and space = ${space}`,
      ),
  };
};
