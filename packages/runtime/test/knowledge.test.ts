import { fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { untilExpected } from "../../../test/until.ts";
import { createNearWords, openKnowledge, placeOf } from "../src/knowledge/index.ts";
import { sql } from "../src/store/database/index.ts";
import { createStore, type Database } from "../src/store/index.ts";
import { noEmbedders } from "./embedders.ts";
import { seeded } from "./processes.ts";
import { emptyPlace, openAt, storedIn } from "./stored-documents.ts";

const documents = path.join(import.meta.dirname, "../../documents/test/fixtures");
const program = fileURLToPath(import.meta.resolve("./indexing-process.ts"));

/** `npm run test:crash` kills more often. */
const kills = Number(process.env.MUXI_TEST_INDEXING_KILLS ?? 10);

/** A formation folder with an agent for each of the given settings of knowledge. */
const folderWith = async (agents: Readonly<Record<string, string>>): Promise<string> => {
  const dir = path.join(temporaryFolder(), "formation");
  await mkdir(path.join(dir, "docs"), { recursive: true });
  await configure(dir, agents);
  return dir;
};

const configure = (dir: string, agents: Readonly<Record<string, string>>) => {
  const listed = Object.entries(agents).map(
    ([id, knowledge]) => `  - { id: ${id}, name: N, description: D, knowledge: ${knowledge} }\n`,
  );
  const manifest = `schema: "1.0.0"\nid: cellar\ndescription: Knows the cellar\nagents:\n${listed.join("")}`;
  return writeFile(path.join(dir, "formation.afs"), manifest);
};

const write = (dir: string, files: Readonly<Record<string, string>>) =>
  Promise.all(Object.entries(files).map(([name, text]) => writeFile(path.join(dir, "docs", name), text)));

/** Opens the knowledge of a formation, with what its log says. */
const openOn = async (dir: string, database: Database, nearWords?: ReturnType<typeof createNearWords>) => {
  const { formation } = await loadFormation(dir);
  if (!formation) throw new Error("the formation is not valid");
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const { knowledge: stored, knowledgeVectors: vectors } = createStore(database);
  const knowledge = openKnowledge({
    ...{ formation, stored, vectors, nearWords, log },
    embedders: noEmbedders,
    now: Date.now,
  });
  onTestFinished(() => knowledge.close());
  const find = async (agent: string, text: string, limit = 5) =>
    (await knowledge.search(agent, text, { limit })).map((passage) => passage.text);
  return { knowledge, find, lines };
};

/** What the log says when all is indexed. */
const resultsIn = (lines: readonly Record<string, unknown>[]) =>
  lines.filter(({ msg }) => msg === "knowledge ready").map(({ msg: _, level: __, ...result }) => result);

test("documents of different formats are found, and those that cannot be read are named with the reason at each start", async () => {
  const dir = await folderWith({ one: "{ sources: [{ path: docs }] }" });
  await cp(path.join(documents, "guide.docx"), path.join(dir, "docs", "guide.docx"));
  await cp(path.join(documents, "stock.xlsx"), path.join(dir, "docs", "stock.xlsx"));
  await write(dir, { "broken.docx": "PK and nothing more", "deep.html": "<div>".repeat(10_000) });
  const database = await openAt(await emptyPlace());
  for (const read of [2, 0]) {
    const { knowledge, lines } = await openOn(dir, database);
    await knowledge.ready;
    expect(await knowledge.search("one", "Where is the cellar key?", { limit: 1 })).toMatchObject([
      { text: expect.stringContaining("The cellar key hangs behind the door."), source: "docs/guide.docx" },
    ]);
    const [stock] = await knowledge.search("one", "crates of Cox", { limit: 1 });
    expect(stock && placeOf(stock)).toBe("docs/stock.xlsx, sheet Stock");
    // In the heading two levels above it.
    expect(await knowledge.search("one", "handbook prices", { limit: 1 })).toMatchObject([
      { headings: ["Orchard handbook", "Prices"] },
    ]);
    expect(lines).toMatchObject([
      { agent: "one", source: "docs/broken.docx", code: "broken", reason: "it is damaged" },
      { source: "docs/deep.html", code: "broken", reason: "its elements are nested too deeply" },
      { documents: 4, read, unread: 2 },
    ]);
    await knowledge.close();
  }
});

test("a search right after the start waits for the documents", async () => {
  const dir = await folderWith({ one: "{ sources: [{ path: docs }] }" });
  await write(dir, { "a.md": "The key hangs behind the door." });
  const { find } = await openOn(dir, await openAt(await emptyPlace()));
  expect(await find("one", "Where is the key?")).toHaveLength(1);
});

test("a word that no document has is looked for by English words that are used like it, where their package is installed", async () => {
  const dir = await folderWith({ one: "{ sources: [{ path: docs }] }" });
  await write(dir, {
    "a.md": "The movie begins at eight.",
    "b.md": "The cinema has a car park.",
    "c.md": "Umbrellas.",
  });
  const database = await openAt(await emptyPlace());
  const question = "How long is the film?";
  for (const { importPackage, found } of [
    { importPackage: (name: string) => import(name), found: ["The movie begins at eight."] },
    { importPackage: () => Promise.reject(new Error("it is not installed")), found: [] },
    { importPackage: async () => ({ english: new URL("no-table", import.meta.url) }), found: [] },
  ]) {
    const { knowledge, find } = await openOn(dir, database, createNearWords(importPackage));
    expect(await find("one", question, 1)).toEqual(found);
    expect(await find("one", "umbrella", 1)).toEqual(["Umbrellas."]);
    await knowledge.close();
  }
});

test("an agent's sources are read within their limits, and never from outside the formation", async () => {
  const dir = await folderWith({
    shallow: "{ max_file_size: 1000, sources: [{ path: docs }] }",
    deep: "{ sources: [{ path: docs, recursive: true }, { path: missing }] }",
  });
  await writeFile(path.join(dir, "../outside.md"), "The outside treasure is gold.");
  await symlink(path.join(dir, "../outside.md"), path.join(dir, "docs", "a-link.md"));
  await mkdir(path.join(dir, "docs", "deep"));
  await write(dir, {
    "b.md": "The cellar is cold.",
    "c.bin": "The cellar is binary.",
    "d.md": `The cellar is large. ${"x".repeat(2000)}`,
    "deep/e.md": "The cellar is deep.",
  });
  const { knowledge, find } = await openOn(dir, await openAt(await emptyPlace()));
  await knowledge.ready;
  expect(await find("shallow", "cellar")).toEqual(["The cellar is cold."]);
  expect((await find("deep", "deep cellar"))[0]).toBe("The cellar is deep.");
  expect(await find("deep", "treasure")).toEqual([]);
  expect(await find("nobody", "cellar")).toEqual([]);
});

test("what has not changed is not read again; what changed is replaced, what is gone leaves, and other settings cut anew", async () => {
  const dir = await folderWith({ one: "{ sources: [{ path: docs }] }" });
  const paragraphs = Array.from({ length: 40 }, (_, number) => `The barrel number ${number} holds cider.`);
  await write(dir, {
    "a.md": "The attic is warm.",
    "b.md": "The barn is red.",
    "c.md": paragraphs.join("\n\n"),
  });
  const database = await openAt(await emptyPlace());
  const indexed = async () => {
    const opened = await openOn(dir, database);
    await opened.knowledge.ready;
    return { ...opened, result: resultsIn(opened.lines)[0] };
  };
  const first = await indexed();
  expect(first.result).toMatchObject({ documents: 3, read: 3, unread: 0, gone: 0 });
  expect((await indexed()).result).toMatchObject({ read: 0, passages: first.result?.passages });

  await write(dir, { "a.md": "The attic is cold." });
  await rm(path.join(dir, "docs", "b.md"));
  const second = await indexed();
  expect(second.result).toMatchObject({ documents: 2, read: 1, gone: 1 });
  // Also where it was open before.
  for (const { find } of [first, second]) {
    expect(await find("one", "attic")).toEqual(["The attic is cold."]);
    expect(await find("one", "barn")).toEqual([]);
  }

  await configure(dir, { one: "{ chunk_size: 150, sources: [{ path: docs }] }" });
  const third = await indexed();
  expect(third.result).toMatchObject({ read: 2 });
  expect(Number(third.result?.passages)).toBeGreaterThan(Number(second.result?.passages));
  expect((await third.find("one", "barrel 17"))[0]).toContain("number 17");
  const { rows } = await storedIn(database);
  expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(["ready"]));
});

test("what stops the documents of one agent is named, and stops no other's", async () => {
  const dir = await folderWith({
    one: "{ sources: [{ path: docs }] }",
    two: "{ sources: [{ path: more }] }",
  });
  const database = await openAt(await emptyPlace());
  await write(dir, { "broken.docx": "PK and nothing more" });
  const first = await openOn(dir, database);
  await first.knowledge.ready;
  await first.knowledge.close();

  await database.write([sql`update knowledge_document set failure = 'no JSON' where state = 'unread'`]);
  await mkdir(path.join(dir, "more"));
  await writeFile(path.join(dir, "more/plums.md"), "Plums fall in August.");
  const { knowledge, find, lines } = await openOn(dir, database);
  await knowledge.ready;
  expect(await find("two", "plums")).toEqual(["Plums fall in August."]);
  await untilExpected("the log names it", async () =>
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: "indexing documents failed and is tried again in 10 s",
        err: expect.objectContaining({
          message: expect.stringContaining("documents of one could not be indexed"),
        }),
      }),
    ),
  );
});

test("processes on one database index once, and each finds all of it", async () => {
  const dir = await folderWith({ one: "{ sources: [{ path: docs }] }" });
  await write(
    dir,
    Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`${at}.md`, `The room ${at} is locked.`])),
  );
  const place = await emptyPlace();
  const opened = await Promise.all([1, 2].map(async () => openOn(dir, await openAt(place))));
  await Promise.all(opened.map(({ knowledge }) => knowledge.ready));
  const results = opened.flatMap(({ lines }) => resultsIn(lines));
  expect(results.map(({ read }) => read).sort()).toEqual([0, 20]);
  for (const { find } of opened) expect((await find("one", "room 7", 1))[0]).toBe("The room 7 is locked.");
});

test(
  "an index whose process was killed again and again becomes what a fresh one is",
  async () => {
    const dir = await folderWith({ one: "{ chunk_size: 200, sources: [{ path: docs }] }" });
    const random = seeded(11);
    const text = (file: number) =>
      Array.from(
        { length: 60 },
        (_, line) => `Shelf ${file} has box ${line} with ${Math.floor(random() * 1e6)} nails.`,
      );
    const files = Array.from({ length: 8 }, (_, file) => [`${file}.md`, text(file).join("\n\n")]);
    await write(dir, Object.fromEntries(files));
    const place = await emptyPlace();
    const indexIn = async (lifetime?: number): Promise<boolean> => {
      const child = fork(program, [dir, place], { execArgv: ["--conditions=muxi-source"], stdio: "ignore" });
      onTestFinished(() => void child.kill("SIGKILL"));
      const exited = once(child, "exit");
      const indexed = once(child, "message").then(() => once(child, "message"));
      if (lifetime !== undefined) {
        await Promise.race([indexed, sleep(lifetime)]);
        child.kill("SIGKILL");
      }
      const [code] = await exited;
      return code === 0;
    };
    for (let killed = 0; killed < kills; killed += 1) {
      await write(dir, { [`${killed % 8}.md`]: text(killed + 8).join("\n\n") });
      await indexIn(250 + random() * 150);
    }
    expect(await indexIn()).toBe(true);
    const database = await openAt(place);
    const fresh = await openAt(await emptyPlace());
    const { knowledge } = await openOn(dir, fresh);
    await knowledge.ready;
    expect(await storedIn(database)).toEqual(await storedIn(fresh));
  },
  60_000 + kills * 5_000,
);

test("a document that goes while its folder is read is named, and the others are found", async () => {
  const dir = await folderWith({ one: "{ sources: [{ path: docs }] }" });
  await write(dir, { "a.md": "The attic is warm.", "z.md": "The zoo is closed." });
  const database = await openAt(await emptyPlace());
  const { knowledge, knowledgeVectors: vectors } = createStore(database);
  const { formation } = await loadFormation(dir);
  if (!formation) throw new Error("the formation is not valid");
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => lines.push(line) });
  const stored = {
    ...knowledge,
    async documents(seq: number) {
      await rm(path.join(dir, "docs", "a.md"));
      return knowledge.documents(seq);
    },
  };
  const opened = openKnowledge({ formation, stored, vectors, embedders: noEmbedders, now: Date.now, log });
  await opened.ready;
  expect(await opened.search("one", "zoo", { limit: 1 })).toMatchObject([{ text: "The zoo is closed." }]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { source: "docs/a.md", code: "broken", reason: "it cannot be opened (ENOENT)" },
  ]);
  await opened.close();
});
