import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { createNearest } from "../../packages/runtime/src/knowledge/nearest.ts";
import { createStore, type Database, passagesOfOne } from "../../packages/runtime/src/store/index.ts";
import { binaryCodeOf, packed } from "../../packages/runtime/src/vectors/index.ts";

/** An index of vectors. */
export interface Contender {
  name: string;
  /** Stores all vectors, until they can be searched. */
  build(all: Float32Array, dimensions: number): Promise<void>;
  /** The places of the nearest ones. */
  find(question: Float32Array, limit: number): Promise<number[]>;
  close(): Promise<void>;
}

const writtenAtOnce = 500;
const model = "bench/embedding";
const formationId = "bench";
const agent = "reader";

/** The index of a formation's passages. */
export const openOurs = (name: string, database: Database): Contender => {
  const { knowledge: stored, knowledgeVectors: vectors } = createStore(database);
  let asked = new Float32Array();
  const embedding = { id: model, mostTexts: 1, embed: async () => [asked] };
  const nearest = createNearest({
    ...{ formationId, stored, vectors },
    ofAgents: new Map([[agent, { model: embedding, atOnce: 1 }]]),
    embedders: { named: () => undefined, vectorOf: async () => asked },
  });
  let first = 0;
  const find = async (question: Float32Array, limit: number) => {
    asked = Float32Array.from(question);
    return (await nearest(agent, "", limit)).map(({ id }) => id - first);
  };
  return {
    name,
    async build(all, dimensions) {
      const knowledge = await stored.open(formationId, agent);
      const document = { source: "bench", origin: "", version: null, changedAt: 1 };
      const seq = await stored.begin(knowledge, { ...document, changedAt: 0, now: 1 });
      const count = all.length / dimensions;
      await stored.publish({ knowledge, seq, ...document }, { digest: "", passages: count });
      first = seq * passagesOfOne;
      for (let from = 0; from < count; from += writtenAtOnce) {
        const places = Array.from(
          { length: Math.min(writtenAtOnce, count - from) },
          (_, place) => from + place,
        );
        await vectors.put(
          knowledge,
          model,
          places.map((place) => {
            const vector = all.subarray(place * dimensions, (place + 1) * dimensions);
            const id = first + place;
            return { id, digest: String(place), vector: packed(vector), code: binaryCodeOf(vector) };
          }),
        );
      }
    },
    find,
    close: () => database.close(),
  };
};

/** Bytes of numbers, as sqlite-vec takes them. */
const bytesOf = (vector: Float32Array) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** Candidates by their bits whose vectors are compared exactly, as many as ours compares. */
const rescored = 256;

/**
 * sqlite-vec, comparing all vectors exactly, or their bits first and then the nearest exactly.
 *
 * @param library Path of its library.
 */
export const openSqliteVec = (dir: string, byBits: boolean, library: string): Contender => {
  const db = new DatabaseSync(path.join(dir, byBits ? "bits.db" : "exact.db"), { allowExtension: true });
  db.loadExtension(library);
  db.exec("pragma journal_mode = wal");
  let query: ReturnType<typeof db.prepare> | undefined;
  return {
    name: byBits ? "sqlite-vec, bits and rescoring" : "sqlite-vec, exact",
    async build(all, dimensions) {
      const bits = byBits ? `, bits bit[${dimensions}]` : "";
      db.exec(
        byBits
          ? `create virtual table found using vec0(id integer primary key${bits});
             create table whole (id integer primary key, vector blob)`
          : `create virtual table found using vec0(id integer primary key, vector float[${dimensions}] distance_metric=cosine)`,
      );
      const inserts = byBits
        ? [
            "insert into found (id, bits) values (?, vec_quantize_binary(?))",
            "insert into whole values (?, ?)",
          ]
        : ["insert into found (id, vector) values (?, ?)"];
      const prepared = inserts.map((text) => db.prepare(text));
      for (let from = 0; from < all.length / dimensions; from += writtenAtOnce) {
        db.exec("begin");
        for (let place = from; place < Math.min(from + writtenAtOnce, all.length / dimensions); place++) {
          const vector = bytesOf(all.subarray(place * dimensions, (place + 1) * dimensions));
          for (const insert of prepared) insert.run(BigInt(place), vector);
        }
        db.exec("commit");
      }
      query = db.prepare(
        byBits
          ? `with near as materialized (select id from found where bits match vec_quantize_binary(?1) and k = ${rescored})
             select id from near join whole using (id) order by vec_distance_cosine(vector, ?1) limit ?2`
          : "select id from found where vector match ?1 and k = ?2",
      );
    },
    async find(question, limit) {
      return (query?.all(bytesOf(question), BigInt(limit)) ?? []).map(({ id }) => Number(id));
    },
    async close() {
      db.close();
    },
  };
};

export const silent = pino({ level: "silent" });
