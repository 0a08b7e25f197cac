import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import type { Database } from "./database/index.ts";
import { createMemoryRepository } from "./memories.ts";
import type { Reader } from "./memory-details.ts";
import { createMemoryFinder } from "./memory-finder.ts";
import { formationSpace, type NewMemory, userSpace } from "./memory-rows.ts";
import { openSqlite } from "./sqlite/index.ts";

const owner = { formationId: "f", userId: "ann" };
const spaces = [userSpace(owner), formationSpace("f")];
const vocabulary = ["apple", "book", "chair", "drink", "engine", "flower"];

const openTwice = (): [Database, Database] => {
  const file = path.join(temporaryFolder(), "memory.db");
  const both: [Database, Database] = [openSqlite(file), openSqlite(file)];
  onTestFinished(async () => {
    for (const db of both) await db.close();
  });
  return both;
};

const memory = (subject: string, words: readonly string[], more: Partial<NewMemory> = {}): NewMemory => ({
  owner,
  scope: "user",
  scopeId: null,
  subject,
  collection: "c",
  content: words.join(" "),
  words,
  metadata: {},
  source: "api",
  importance: 0.5,
  now: 1,
  ...more,
});

/** What is found by all words. */
const foundBy = async (
  memories: Pick<ReturnType<typeof createMemoryRepository>, "matches" | "candidates">,
  now = 1,
) => {
  const { byWord, pinned } = await memories.matches(spaces, vocabulary, 100, now);
  const seqs = [...new Set([...byWord.flat(), ...pinned])];
  const candidates = await memories.candidates(spaces, seqs);
  return {
    matches: byWord.map((found) => found.toSorted((a, b) => a - b)).sort(),
    pinned: pinned.toSorted((a, b) => a - b),
    candidates: candidates.toSorted((a, b) => a.seq - b.seq),
  };
};

test("the cache holds what the database holds, whoever writes to it", async () => {
  const [db, other] = openTwice();
  const here = createMemoryRepository(db);
  const there = createMemoryRepository(other);
  let state = 11;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const written = (time: number): NewMemory =>
    memory(
      `s${random(12)}`,
      vocabulary.filter(() => random(2) === 0),
      {
        source: random(3) === 0 ? "file" : "api",
        importance: random(10) / 10,
        isPinned: random(9) === 0,
        expiresAt: random(3) === 0 ? time : null,
        now: time,
        ...(random(4) === 0 && { scope: "formation", scopeId: null }),
      },
    );
  const changeOf = ({ content, words, source, subject, isPinned = false }: NewMemory) => ({
    said: { content, words, source, subject },
    isPinned,
  });
  for (let step = 1; step <= 300; step++) {
    const writer = random(8) === 0 ? there : here;
    const kind = random(10);
    if (kind < 7) await writer.add([written(step), written(step)]);
    else if (kind < 9) {
      const reader: Reader = { owner, scopes: ["user", "formation"], now: step };
      const [some] = await writer.list(reader, { limit: 1, offset: random(5) });
      if (some && random(2) === 0) await writer.delete(reader, some.id);
      else if (some) await writer.change(reader, some.id, changeOf(written(step)));
    } else await writer.deleteSource(owner, "file", 1);
    // A finder asked for the first time reads the database.
    const now = step - random(10);
    expect(await foundBy(here, now), `step ${step}`).toEqual(await foundBy(createMemoryFinder(other), now));
  }
});

test("a write that fails changes nothing of what is found", async () => {
  const [db] = openTwice();
  const memories = createMemoryRepository(db);
  await memories.add([memory("one", ["apple"])]);
  for (let use = 0; use < 3; use++) await foundBy(memories);
  const [first, ...rest] = memories.keep([memory("two", ["apple"])]);
  if (!first) throw new Error("nothing to write");
  const refused = { text: "insert into memory_word values (null, null, null)", values: [] };
  await expect(db.write([first, ...rest, refused])).rejects.toThrow(/NOT NULL/);
  expect((await foundBy(memories)).candidates.map(({ subject }) => subject)).toEqual(["one"]);
});

test("of a word that many memories have, the newest are found, in a large space as in a small one", async () => {
  const [db] = openTwice();
  const memories = createMemoryRepository(db);
  const newest = async () => {
    const { byWord } = await memories.matches(spaces, ["apple"], 3, 1);
    const some = await memories.candidates(spaces, byWord[0] ?? []);
    return some.map(({ subject }) => subject).sort();
  };
  const add = (from: number, to: number) =>
    memories.add(
      Array.from({ length: to - from }, (_, index) =>
        memory(`s${String(from + index).padStart(4, "0")}`, ["apple"]),
      ),
    );
  await add(0, 10);
  for (let use = 0; use < 3; use++) expect(await newest()).toEqual(["s0007", "s0008", "s0009"]);
  await add(10, 700);
  for (let use = 0; use < 3; use++) expect(await newest()).toEqual(["s0697", "s0698", "s0699"]);
});
