import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../../test/temporary-folder.ts";
import { createLocalEmbedding } from "./local-embedding.ts";

/** Stands for the package: the vector of a text says how long the text is, and with which settings it was made. */
const standIn = `
import { existsSync, writeFileSync } from "node:fs";
let loads = 0;
export const env = { allowRemoteModels: true, remoteHost: "https://hub.example/" };
export const pipeline = async (task, name, { dtype }) => {
  if (env.allowRemoteModels && env.remoteHost !== "https://mirror.example") throw new Error("it looked at the Hub");
  loads += 1;
  if (name.startsWith("flaky") && loads === 1) throw new Error("the disk is busy");
  const mark = new URL("dies", import.meta.url);
  if (name.startsWith("dying") && !existsSync(mark)) {
    writeFileSync(mark, "");
    setImmediate(() => { throw new Error("out of memory"); });
    return new Promise(() => {});
  }
  if (name.startsWith("broken")) throw new Error("the file is cut");
  const settings = [task === "feature-extraction", dtype === "fp32", !env.allowRemoteModels];
  return async (texts, { pooling, normalize }) => {
    const rows = texts.map((text) => [text.length, ...[...settings, pooling === "mean", normalize].map(Number)]);
    return { dims: [rows.length, 6], data: Float32Array.from(rows.flat()) };
  };
};`;

const start = async (
  name: string,
  { isInstalled = true, files = ["config.json", "onnx/model.onnx"], baseUrl = "" } = {},
) => {
  const dir = temporaryFolder();
  const folder = path.join(dir, "models");
  const all = {
    ...Object.fromEntries(files.map((file) => [path.join("models", name, file), "{}"])),
    ...(isInstalled && {
      "node_modules/@huggingface/transformers/package.json": JSON.stringify({
        type: "module",
        exports: "./index.js",
      }),
      "node_modules/@huggingface/transformers/index.js": standIn,
    }),
  };
  for (const [file, text] of Object.entries(all)) {
    await mkdir(path.dirname(path.join(dir, file)), { recursive: true });
    await writeFile(path.join(dir, file), text);
  }
  const settings = { timeoutSeconds: 20, maxRetries: 0, ...(baseUrl && { baseUrl }) };
  return createLocalEmbedding({ id: `local/${name}`, provider: "local", name, settings }, { dir, folder });
};

const { signal } = new AbortController();

test("texts go through the model of the folder, and nothing is looked for elsewhere", async () => {
  const model = await start("Org/small-model");
  expect(await model.embed(["one", "three"], "passage", signal)).toEqual([
    Float32Array.of(3, 1, 1, 1, 1, 1),
    Float32Array.of(5, 1, 1, 1, 1, 1),
  ]);
});

test.each([
  ["intfloat/multilingual-e5-small", "query: ", "passage: ", 1],
  ["Xenova/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", "", 0],
  ["nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: ", 1],
])("%s gets its texts as its page says", async (name, question, passage, mean) => {
  const model = await start(name, { files: ["config.json", "onnx/model_quantized.onnx"] });
  expect(await model.embed(["a"], "question", signal)).toEqual([
    Float32Array.of(question.length + 1, 1, 0, 1, mean, 1),
  ]);
  expect(await model.embed(["a"], "passage", signal)).toEqual([
    Float32Array.of(passage.length + 1, 1, 0, 1, mean, 1),
  ]);
});

test("a model is fetched only from the mirror that is named", async () => {
  const model = await start("Org/small-model", { files: [], baseUrl: "https://mirror.example" });
  expect(await model.embed(["one"], "passage", signal)).toEqual([Float32Array.of(3, 1, 1, 0, 1, 1)]);
});

test.each([
  [
    "a missing model",
    "Org/none",
    { files: [] },
    /There is no model Org\/none in .*models: put its files there/,
  ],
  ["a missing package", "Org/small-model", { isInstalled: false }, /npm install @huggingface\/transformers/],
  ["a model that does not load", "broken/model", {}, /local\/broken\/model does not run: the file is cut/],
])("%s is named with what there is to do", async (_, name, options, message) => {
  const model = await start(name, options);
  await expect(model.embed(["one"], "passage", signal)).rejects.toMatchObject({
    code: "LLM_NOT_CONFIGURED",
    message: expect.stringMatching(message),
  });
});

test.each([
  ["does not load once", "flaky/model", "the disk is busy"],
  ["takes its thread along", "dying/model", "out of memory"],
])("a model that %s answers the next call", async (_, name, reason) => {
  const model = await start(name);
  await expect(model.embed(["one"], "passage", signal)).rejects.toThrow(reason);
  expect(await model.embed(["one"], "passage", signal)).toEqual([Float32Array.of(3, 1, 1, 1, 1, 1)]);
});
