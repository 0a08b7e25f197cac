import pg from "pg";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { createVectorSearch } from "../src/memory/vectors.ts";
import {
  createMemoryRepository,
  createVectorRepository,
  type Owner,
  openPostgres,
  type Reader,
  userSpace,
} from "../src/store/index.ts";
import { binaryCodeOf, packed } from "../src/vectors/index.ts";
import { createSchema, onPostgres, query } from "./postgres.ts";
import { emptyDatabase } from "./processes.ts";

const model = "test/embedding";
const log = pino({ level: "silent" });
const ann: Owner = { formationId: "f", userId: "ann" };
const bob: Owner = { formationId: "f", userId: "bob" };

const randomNumbers = () => {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
};

/** Memories in a database, which any number of searches read as processes do. */
const start = async (open = emptyDatabase()) => {
  const database = await (await open)();
  onTestFinished(() => database.close());
  const memories = createMemoryRepository(database);
  const vectors = createVectorRepository(database);

  /** Stores memories that have no vector yet; gives their ids. What stands before a colon is their subject. */
  const add = (owner: Owner, contents: readonly string[]) =>
    memories.add(
      contents.map((content) => ({
        subject: content.split(":")[0] ?? "",
        ...{ owner, scope: "user", scopeId: null, collection: "context", content },
        ...{ words: [], metadata: {}, source: "api", importance: 0.5, now: 1 },
      })),
    );

  const embed = (memory: { seq: number; content: string; updatedAt: number }, vector: Float32Array) => ({
    memory,
    vector: packed(vector),
    code: binaryCodeOf(vector),
  });

  return {
    ...{ database, memories, vectors, add, embed },

    async addAll(owner: Owner, all: ReadonlyMap<string, Float32Array>) {
      const ids = await add(owner, [...all.keys()]);
      const missing = await vectors.missing(owner.formationId, model, all.size);
      await vectors.put(
        model,
        missing.map((memory) => embed(memory, all.get(memory.content) ?? new Float32Array())),
      );
      return ids;
    },

    /** A search of its own: the contents of what is nearest to a vector, best first. */
    search(owner: Owner) {
      let asked: Float32Array = new Float32Array();
      const search = createVectorSearch({
        formationId: owner.formationId,
        model: { id: model, mostTexts: 64, embed: async () => [asked] },
        vectorOf: async () => asked,
        ...{ vectors, maxBytes: 2 ** 20, log },
      });
      onTestFinished(() => search.close());
      const spaces = [userSpace(owner)];
      return async (vector: Float32Array, limit: number) => {
        asked = vector;
        const seqs = await search.nearest(spaces, "", limit);
        const found = await memories.candidates(spaces, seqs);
        return seqs.map((seq) => found.find((candidate) => candidate.seq === seq)?.content);
      };
    },
  };
};

/** How many wait for a connection, or for those that do. */
const waitingFor = async (pid: unknown): Promise<number> => {
  const rows = await query(
    `with recursive waiting (pid) as (
      select ${Number(pid)} union
      select activity.pid from pg_stat_activity activity join waiting on waiting.pid = any(pg_blocking_pids(activity.pid)))
    select pid from waiting`,
  );
  return rows.length - 1;
};

const like = (vector: Float32Array, distance: number, random: () => number) =>
  vector.map((value) => value + distance * random());

test("a search finds what comparing all numbers would, and nobody else's", async () => {
  const { addAll, search } = await start();
  const random = randomNumbers();
  const topics = Array.from({ length: 20 }, () => Float32Array.from({ length: 600 }, random));
  // As with some models, one number is far larger than the rest.
  for (const topic of topics) topic[100] = 12;
  const all = new Map(
    Array.from({ length: 50 }, (_, index) =>
      topics.map((topic, number) => [`${number} ${index}`, like(topic, 1, random)] as const),
    ).flat(),
  );
  await addAll(ann, all);
  await addAll(bob, new Map([...all].slice(0, 50).map(([content, vector]) => [`his ${content}`, vector])));

  const product = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  const find = search(ann);
  let shared = 0;
  for (const topic of topics) {
    const asked = like(topic, 0.5, random);
    const exact = [...all]
      .map(([content, vector]) => ({
        content,
        cosine: product(vector, asked) / Math.sqrt(product(vector, vector)),
      }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 10);
    const found = new Set(await find(asked, 10));
    shared += exact.filter(({ content }) => found.has(content)).length;
  }
  expect(shared / (10 * topics.length)).toBeGreaterThan(0.97);
});

test("what others add is found at once, and what they delete hides nothing", async () => {
  const { addAll, memories, search } = await start();
  const random = randomNumbers();
  const topic = Float32Array.from({ length: 600 }, random);
  const some = (name: string, count: number, distance: number) =>
    new Map(Array.from({ length: count }, (_, index) => [`${name} ${index}`, like(topic, distance, random)]));
  await addAll(ann, some("far", 5, 1));
  const near = await addAll(ann, some("near", 250, 0.5));
  const find = search(ann);
  expect((await find(topic, 5)).map((content) => content?.split(" ")[0])).toEqual(Array(5).fill("near"));

  const reader: Reader = { owner: ann, scopes: ["user"], now: 1 };
  for (const id of near) await memories.delete(reader, id);
  expect((await find(topic, 10)).sort()).toEqual(["far 0", "far 1", "far 2", "far 3", "far 4"]);
  await addAll(ann, some("new", 1, 0.1));
  expect((await find(topic, 10))[0]).toBe("new 0");
});

test("the newest memory is found by its new meaning when it changes", async () => {
  const { addAll, search } = await start();
  const random = randomNumbers();
  const topic = Float32Array.from({ length: 600 }, random);
  const other = Float32Array.from({ length: 600 }, random);
  await addAll(
    ann,
    new Map(Array.from({ length: 200 }, (_, index) => [`near ${index}`, like(topic, 0.5, random)])),
  );
  await addAll(ann, new Map([["pride: a tractor", other]]));
  const find = search(ann);
  expect(await find(other, 1)).toEqual(["pride: a tractor"]);
  await addAll(ann, new Map([["pride: an orchard", topic]]));
  expect(await find(topic, 1)).toEqual(["pride: an orchard"]);
});

test.skipIf(!onPostgres)("vectors of a process that is slower than another are not passed over", async () => {
  const url = await createSchema();
  const { add, embed, search, vectors } = await start(
    Promise.resolve(() => openPostgres(url, { queryTimeout: 30, log })),
  );
  const topic = Float32Array.from({ length: 600 }, randomNumbers());
  await add(ann, ["slow", "held", "quick"]);
  const missing = await vectors.missing("f", model, 3);
  const put = (...contents: string[]) =>
    vectors.put(
      model,
      missing.filter(({ content }) => contents.includes(content)).map((memory) => embed(memory, topic)),
    );
  const holder = new pg.Client(url);
  await holder.connect();
  onTestFinished(() => holder.end());
  const { rows } = await holder.query("select pg_backend_pid() as pid");
  const waiting = () => waitingFor(rows[0]?.pid);
  await holder.query("begin");
  await holder.query("select seq from memory where content = 'held' for update");
  const slow = put("slow", "held");
  await untilExpected("one write waits", async () => expect(await waiting()).toBe(1));
  let isQuickDone = false;
  const quick = put("quick").then(() => {
    isQuickDone = true;
  });
  await until("the quick one is done, or waits too", async () => isQuickDone || (await waiting()) === 2);
  const find = search(ann);
  await find(topic, 10);
  await holder.query("commit");
  await Promise.all([slow, quick]);
  expect((await find(topic, 10)).sort()).toEqual(["held", "quick", "slow"]);
});
