/**
 * How long a formation takes to recall: one user with many memories, in a database that holds many more.
 *
 * `node --conditions=muxi-source bench/recall.ts <database> [--own 100000] [--all 1000000] [--dimensions 1536]`
 *
 * The database is an SQLite file or the connection string of a Postgres. A tenth of the user's memories and of their
 * vectors are made one by one; the rest are copies of them under other subjects and, for 1,000 of them, other users:
 * what a search costs hangs on how many there are, and not on what they say. Prints one line of JSON.
 */
import { parseArgs } from "node:util";
import pg from "pg";
import { pino } from "pino";
import { createMemorySearch } from "../packages/runtime/src/memory/search.ts";
import { subjectOf } from "../packages/runtime/src/memory/subject.ts";
import { createVectorSearch } from "../packages/runtime/src/memory/vectors.ts";
import { sql } from "../packages/runtime/src/store/database/index.ts";
import {
  createMemoryRepository,
  createVectorRepository,
  type NewMemory,
  openPostgres,
  openSqlite,
  userSpace,
} from "../packages/runtime/src/store/index.ts";
import { wordsOf } from "../packages/runtime/src/text/index.ts";
import { binaryCodeOf, packed } from "../packages/runtime/src/vectors/index.ts";
import { quantile, sorted } from "./load/figures.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    own: { type: "string", default: "100000" },
    all: { type: "string", default: "1000000" },
    dimensions: { type: "string", default: "1536" },
    queries: { type: "string", default: "500" },
  },
});
const own = Number(values.own);
const all = Number(values.all);
const dimensions = Number(values.dimensions);
const queries = Number(values.queries);
const copies = 10;
const perOther = 1_000;

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

const formationId = "recall";
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

const normalised = (numbers: Float32Array) => {
  const length = Math.hypot(...numbers);
  return numbers.map((value) => value / length);
};

const vector = () => normalised(Float32Array.from({ length: dimensions }, () => random() - 0.5));

/** Some vectors that are stored. */
const stored: Float32Array[] = [];
const mostStored = 1_000;

/** What is asked is near something that is remembered. */
const nearStored = () => {
  const known = stored[Math.floor(random() * stored.length)] ?? vector();
  const other = vector();
  return normalised(known.map((value, index) => value + (other[index] ?? 0)));
};

/** Stands for an embedding model that takes no time: the figures are those of the search. */
const model = {
  id: "bench/embedding",
  mostTexts: 64,
  embed: async (texts: readonly string[]) => texts.map(nearStored),
};

const log = pino({ level: "warn" }, pino.destination(2));
const [target = ""] = positionals;
const database = target.startsWith("postgres")
  ? await openPostgres(target, { queryTimeout: 600, log })
  : openSqlite(target);
const memories = createMemoryRepository(database);
const vectors = createVectorRepository(database);

/** Writes a user's memories down once more, for another user or under other subjects. */
const copy = async (from: string, to: string, suffix: string, seqs: { first: number; last: number }) => {
  const owned = (userId: string) => userSpace({ formationId, userId });
  const original = sql`m.space = ${owned(from)} and m.seq between ${seqs.first} and ${seqs.last}`;
  const twin = sql`join memory c on c.space = ${owned(to)} and c.subject = m.subject || ${suffix}`;
  await database.write([
    sql`insert into memory (id, formation_id, user_id, space, scope, scope_id, subject, collection, content, metadata,
        source, importance, vector_model, created_at, updated_at)
      select m.id || ${to + suffix}, m.formation_id, ${to}, ${owned(to)}, m.scope, m.scope_id, m.subject || ${suffix},
        m.collection, m.content, m.metadata, m.source, m.importance, m.vector_model, m.created_at, m.updated_at
      from memory m where ${original} order by m.seq`,
    sql`insert into memory_word (space, word, memory_seq)
      select c.space, w.word, c.seq from memory m ${twin} join memory_word w on w.memory_seq = m.seq
      where ${original}`,
    sql`insert into memory_vector (memory_seq, space, vector)
      select c.seq, c.space, v.vector from memory m ${twin} join memory_vector v on v.memory_seq = m.seq
      where ${original} and c.space = ${owned("busy")}`,
    sql`insert into memory_code (space, memory_seq, model, code)
      select c.space, c.seq, v.model, v.code from memory m ${twin} join memory_code v on v.memory_seq = m.seq
      where ${original} and c.space = ${owned("busy")}`,
  ]);
};

/** What a Postgres does by itself in the minutes after it was filled, on the same core. */
const settle = async () => {
  if (database.dialect.engine !== "postgres") return;
  const client = new pg.Client({ connectionString: target });
  await client.connect();
  await client.query("vacuum analyze");
  await client.query("checkpoint");
  await client.end();
};

const fill = async () => {
  const batch = 500;
  const made = own / copies;
  for (let from = 0; from < made; from += batch) {
    const size = Math.min(batch, made - from);
    await memories.add(Array.from({ length: size }, (_, place) => memoryOf("busy", from + place)));
    if (dimensions === 0) continue;
    const missing = await vectors.missing(formationId, model.id, batch);
    await vectors.put(
      model.id,
      missing.map((memory) => {
        const numbers = vector();
        if (stored.length < mostStored) stored.push(numbers);
        return { memory, vector: packed(numbers), code: binaryCodeOf(numbers) };
      }),
    );
  }
  const rows = await database.read<{ seq: number }>(
    sql`select seq from memory where space = ${userSpace({ formationId, userId: "busy" })} order by seq`,
  );
  const between = (from: number, count: number) => ({
    first: rows[from]?.seq ?? 0,
    last: rows[from + count - 1]?.seq ?? 0,
  });
  if (database.dialect.engine === "postgres") await database.write([sql`analyze`]);
  for (let place = 1; place < copies; place++) await copy("busy", "busy", ` ${place}`, between(0, made));
  for (let other = 0; other < (all - own) / perOther; other++) {
    const from = (other * perOther) % made;
    await copy("busy", `user${other}`, "", between(from, Math.min(perOther, made)));
  }
};

try {
  const startedAt = performance.now();
  await fill();
  await settle();
  const fillSeconds = (performance.now() - startedAt) / 1000;

  const vectorSearch = createVectorSearch({
    ...{ formationId, model, vectors, log },
    vectorOf: async () => nearStored(),
    maxBytes: 2 ** 30,
  });
  const byWords = createMemorySearch({ memories, vectors: undefined, now: Date.now });
  const byBoth = createMemorySearch({ memories, vectors: vectorSearch, now: Date.now });

  const measure = async (search: typeof byWords, userId: string) => {
    const times: number[] = [];
    const spaces = [userSpace({ formationId, userId })];
    for (let query = -20; query < queries; query++) {
      const text = sentence(8);
      const words = [...new Set(wordsOf(text))];
      const begin = performance.now();
      await search.find(spaces, text, words, 3);
      if (query >= 0) times.push(performance.now() - begin);
    }
    const inOrder = sorted(times);
    return { p50: quantile(inOrder, 0.5), p99: quantile(inOrder, 0.99) };
  };

  const words = await measure(byWords, "busy");
  const other = await measure(byWords, "user7");
  const begin = performance.now();
  await vectorSearch.nearest([userSpace({ formationId, userId: "busy" })], "first", 40);
  const coldMs = performance.now() - begin;
  const both = await measure(byBoth, "busy");
  await vectorSearch.close();
  const figures = {
    fillSeconds,
    wordsP50: words.p50,
    wordsP99: words.p99,
    otherP99: other.p99,
    coldMs,
    bothP50: both.p50,
    bothP99: both.p99,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await database.close();
}
