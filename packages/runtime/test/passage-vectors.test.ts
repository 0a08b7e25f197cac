import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { loadFormation } from "@muxi/formation";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { until, untilExpected } from "../../../test/until.ts";
import { openKnowledge } from "../src/knowledge/index.ts";
import { type EmbeddingModel, ModelError } from "../src/models/index.ts";
import { sql } from "../src/store/database/index.ts";
import { createStore, openPostgres, openSqlite } from "../src/store/index.ts";
import { embeddersOf } from "./embedders.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { seeded } from "./processes.ts";

const program = fileURLToPath(import.meta.resolve("./embedding-process.ts"));
const inputSchema = z.object({ input: z.array(z.string()) });

const manifest = `schema: "1.0.0"
id: cellar
description: Knows the cellar
agents:
  - id: one
    name: N
    description: D
    knowledge: { chunking: { strategy: paragraph }, embed_batch_size: 2, sources: [{ path: docs }] }
`;

/** Vectors by subject: fruit, water, or neither. */
const meaningOf = (text: string): Float32Array =>
  Float32Array.of(
    /apple|pear|fruit/i.test(text) ? 1 : 0.1,
    /river|rain|wet/i.test(text) ? 1 : 0.1,
    ...Array<number>(62).fill(0.1),
  );

/** A model that notes what it embeds of passages, and may be told what to do first. */
const scripted = (id = "test/one") => {
  const embedded: string[] = [];
  const script: { before: (texts: readonly string[]) => void | Promise<void> } = { before: () => undefined };
  const model: EmbeddingModel = {
    id,
    mostTexts: 10,
    async embed(texts, as) {
      if (as === "passage") {
        await script.before(texts);
        embedded.push(...texts);
      }
      return texts.map(meaningOf);
    },
  };
  return { model, embedded, script };
};

const start = async (files: Readonly<Record<string, string>>) => {
  const dir = temporaryFolder();
  await mkdir(path.join(dir, "docs"));
  await writeFile(path.join(dir, "formation.afs"), manifest);
  const fileOf = (name: string) => path.join(dir, "docs", name);
  const write = (name: string, text: string) => writeFile(fileOf(name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const place = onPostgres ? await createSchema() : path.join(dir, "memory.db");
  const silent = pino({ level: "silent" });
  const database = onPostgres
    ? await openPostgres(place, { queryTimeout: 30, log: silent })
    : openSqlite(place);
  onTestFinished(() => database.close());

  return {
    dir,
    place,
    fileOf,
    write,
    /** How many vectors are stored of each model. */
    async stored(): Promise<Record<string, number>> {
      const rows = await database.read<{ model: string; count: number }>(
        sql`select made.model, count(*) as count from knowledge_vector as made
          join knowledge_code as code on code.passage = made.passage and code.model = made.model group by made.model`,
      );
      return Object.fromEntries(rows.map(({ model, count }) => [model, Number(count)]));
    },
    /** Opens the documents as a process does. */
    async open(...[model, ...others]: Parameters<typeof embeddersOf>) {
      const { formation } = await loadFormation(dir);
      if (!formation) throw new Error("the formation is not valid");
      const warnings: string[] = [];
      const log = pino({ level: "warn" }, { write: (line) => warnings.push(JSON.parse(line).msg) });
      const { knowledge: stored, knowledgeVectors: vectors } = createStore(database);
      const embedders = embeddersOf(model, ...others);
      const knowledge = openKnowledge({ formation, stored, vectors, embedders, now: Date.now, log });
      onTestFinished(() => knowledge.close());
      await knowledge.ready;
      return {
        knowledge,
        warnings,
        /** The sources of the passages that are found, best first. */
        near: async (question: string, limit = 1) =>
          (await knowledge.search("one", question, { limit })).map(({ source }) => source),
      };
    },
  };
};

const files = { "a.md": "The apple is red.\n\nThe pear is green.", "b.md": "The river is wide." };

test("passages are found by their meaning, and each text is embedded once, by whichever process", async () => {
  const { open, stored } = await start({ ...files, "c.md": "The river is wide." });
  const { model, embedded } = scripted();
  const [one, other] = [await open(model), await open(model)];
  for (const { near } of [one, other]) {
    await untilExpected("it has vectors", async () => {
      expect(await near("Anything wet")).not.toEqual([]);
      expect(await near("Any fruit")).toEqual(["docs/a.md"]);
    });
  }
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 4 }));
  expect(embedded.sort()).toEqual(["\nThe apple is red.", "\nThe pear is green.", "\nThe river is wide."]);
});

test("what stands in a document as before keeps its vectors, under another name too; those of what is gone leave", async () => {
  const { open, write, fileOf, stored } = await start(files);
  const { model, embedded } = scripted();
  const { knowledge } = await open(model);
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 3 }));
  await knowledge.close();
  embedded.length = 0;

  await write("a.md", "The apple is red.\n\nThe pear is ripe.");
  await rename(fileOf("b.md"), fileOf("c.md"));
  const again = await open(model);
  await untilExpected("all have vectors", async () => {
    expect(await stored()).toEqual({ "test/one": 3 });
    expect(await again.near("Anything wet")).toEqual(["docs/c.md"]);
  });
  expect(embedded).toEqual(["\nThe pear is ripe."]);

  await rm(fileOf("c.md"));
  await (await again.knowledge.ask("one")).result;
  expect(await stored()).toEqual({ "test/one": 2 });
  expect(await again.near("Anything wet")).toEqual(["docs/a.md"]);
});

test("with another model the vectors of the one before are used until all are made anew", async () => {
  const { open, stored } = await start(files);
  const before = scripted();
  const { knowledge } = await open(before.model);
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 3 }));
  await knowledge.close();

  const after = scripted("test/other");
  let goOn = () => {};
  const allowed = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  after.script.before = () => (after.embedded.length === 0 ? undefined : allowed);
  const questions: string[] = [];
  const noted: EmbeddingModel = {
    ...before.model,
    async embed(texts, as, signal) {
      questions.push(...texts);
      return before.model.embed(texts, as, signal);
    },
  };
  const { near } = await open(after.model, noted);
  await untilExpected("some are made", async () => expect(await stored()).toMatchObject({ "test/other": 2 }));
  expect(await near("Anything wet")).toEqual(["docs/b.md"]);
  expect(questions).toEqual(["Anything wet"]);
  goOn();
  await untilExpected("all are made", async () => expect(await stored()).toEqual({ "test/other": 3 }));
  expect(await near("Anything wet")).toEqual(["docs/b.md"]);
  expect(questions).toHaveLength(1);
});

test("while the model fails, words find what they did; it is asked again, and the log says so once", async () => {
  const { open, stored } = await start(files);
  const { model, script } = scripted();
  let failures = 0;
  script.before = () => {
    if (failures === 2) return;
    failures += 1;
    throw new ModelError("LLM_RATE_LIMITED", "too many", { retryAfter: 0 });
  };
  const { knowledge, near, warnings } = await open(model);
  expect(await knowledge.search("one", "pear", { limit: 1 })).toMatchObject([{ source: "docs/a.md" }]);
  expect(await near("Anything wet")).toEqual([]);
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 3 }));
  expect(warnings).toEqual([expect.stringContaining("passages get no vectors")]);
});

test("a passage that the model refuses has no vector, and is not asked for again", async () => {
  const { open, stored } = await start(files);
  const { model, embedded, script } = scripted();
  script.before = (texts) => {
    if (texts.some((text) => text.includes("pear"))) throw new ModelError("LLM_REFUSED", "not that");
  };
  const { knowledge, near, warnings } = await open(model);
  await untilExpected("the others have vectors", async () => {
    expect(await near("Anything wet")).toEqual(["docs/b.md"]);
    expect(await near("fruit", 3)).toEqual(["docs/a.md", "docs/b.md"]);
  });
  expect(warnings).toEqual([expect.stringContaining("refuses passages")]);
  await knowledge.close();
  expect(Object.values(await stored())).toEqual([3]);
  embedded.length = 0;
  const again = await open(model);
  await (await again.knowledge.ask("one")).result;
  await again.knowledge.close();
  expect([embedded, again.warnings]).toEqual([[], []]);
});

test("passages that the model refuses keep none of the others from their vectors, however many they are", async () => {
  const refused = [1, 2, 3, 4, 5].map((number) => `Recipe ${number} is not told.`).join("\n\n");
  const { open, stored, write } = await start(files);
  const { model, script } = scripted();
  script.before = (texts) => {
    if (texts.some((text) => text.includes("Recipe"))) throw new ModelError("LLM_REFUSED", "not that");
  };
  const { knowledge, near, warnings } = await open(model);
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 3 }));
  await write("b.md", refused);
  await write("c.md", "The rain falls.");
  await (await knowledge.ask("one")).result;
  await untilExpected("what comes after them has its vector", async () =>
    expect(await near("Anything wet")).toEqual(["docs/c.md"]),
  );
  await untilExpected("none is missing", async () => expect(await stored()).toEqual({ "test/one": 8 }));
  expect(new Set(warnings)).toEqual(new Set([expect.stringContaining("refuses passages")]));
});

test("a model that refuses all it is asked for counts as failed, and is asked for all again", async () => {
  const { open, stored } = await start(files);
  const { model, script } = scripted();
  let calls = 0;
  script.before = () => {
    calls += 1;
    if (calls <= 5) throw new ModelError("LLM_REFUSED", "none of it");
  };
  const { warnings } = await open(model);
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 3 }));
  expect(warnings).toEqual([expect.stringContaining("passages get no vectors")]);
});

test("what is made of a call that the model refuses as a whole is stored part by part", async () => {
  const { open, stored } = await start(files);
  const { model, embedded, script } = scripted();
  let failures = 0;
  script.before = (texts) => {
    if (texts.length > 1) throw new ModelError("LLM_REFUSED", "too much at once");
    if (!texts[0]?.includes("pear") || failures > 0) return;
    failures += 1;
    throw new ModelError("LLM_ERROR", "it is away", { retryAfter: 0 });
  };
  await open(model);
  await untilExpected("all have vectors", async () => expect(await stored()).toEqual({ "test/one": 3 }));
  expect(failures).toBe(1);
  expect(embedded.sort()).toEqual(["\nThe apple is red.", "\nThe pear is green.", "\nThe river is wide."]);
});

test("a process that is killed while it embeds loses one call at most: ten kills, and each passage has its vector", async () => {
  const server = await startModelServer();
  onTestFinished(() => server.close());
  server.embed = (text) => [...meaningOf(text), text.length];
  const texts = Array.from({ length: 60 }, (_, number) => `Barrel ${number} holds the ${number}th pressing.`);
  const { dir, place, write, stored } = await start({});
  const llm = `llm: { models: [{ embedding: openai/some-embedding, settings: { base_url: "${server.url}/v1" } }] }`;
  await writeFile(path.join(dir, "formation.afs"), `${manifest}${llm}\n`);
  for (const number of [0, 1, 2]) {
    await write(`${number}.md`, texts.slice(number * 20, number * 20 + 20).join("\n\n"));
  }
  const begin = () => {
    const child = fork(program, [dir, place], { execArgv: ["--conditions=muxi-source"], stdio: "ignore" });
    const exited = once(child, "exit");
    const kill = async () => {
      child.kill("SIGKILL");
      await exited;
    };
    onTestFinished(kill);
    return kill;
  };
  const random = seeded(5);
  for (let kills = 0; kills < 10; kills += 1) {
    const calls = server.background.length + 1 + Math.floor(random() * 3);
    const kill = begin();
    await until("it has embedded some", () => server.background.length >= calls);
    await kill();
  }
  const kill = begin();
  await untilExpected("all have vectors", async () =>
    expect(await stored()).toEqual({ "openai/some-embedding": texts.length }),
  );
  await kill();
  const sent = server.background.flatMap(({ body }) => inputSchema.parse(body).input);
  expect(new Set(sent).size).toBe(texts.length);
  expect(sent.length).toBeLessThanOrEqual(texts.length + 10 * 2);
}, 60_000);
