import { execFile } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const loader = path.join(import.meta.dirname, "../packages/runtime/dist/main.js");

/** A file as the bundle has it: one function. */
const bodyOf = (code: string) => `(function(exports,require,importMeta){${code}\n})`;

/** Says a word of its own, one of a file beside it, and one of a package. */
const programOf = (word: string) =>
  bodyOf(`
    const sayLater = () => import("neighbour").then(({ word }) => console.log(${JSON.stringify(word)}, require("./beside.cjs").word, word));
    sayLater();`);

/** A program in a folder of its own, with a cache of its own. */
const install = () => {
  const folder = temporaryFolder();
  const cache = path.join(folder, "cache");
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  write("package.json", JSON.stringify({ type: "module" }));
  write(
    "run.js",
    `import module from "node:module"; module.enableCompileCache(); await import("./main.js");`,
  );
  write("node_modules/neighbour/package.json", JSON.stringify({ type: "module", exports: "./index.js" }));
  write("node_modules/neighbour/index.js", `export const word = "neighbour";`);
  copyFileSync(loader, path.join(folder, "main.js"));
  write("program.cjs", programOf("first"));
  write("beside.cjs", bodyOf(`exports.word = "beside";`));
  return {
    write,
    run: async (env: NodeJS.ProcessEnv = {}) => {
      const options = { cwd: folder, env: { ...process.env, NODE_COMPILE_CACHE: cache, ...env } };
      return (await promisify(execFile)(process.execPath, ["run.js"], options)).stdout.trim();
    },
    entries: () => globSync("*/*.compiled", { cwd: cache }).map((file) => path.join(cache, file)),
  };
};

const changesOf = (files: readonly string[]) => files.map((file) => statSync(file).mtimeMs);

test("a program runs with what an earlier run has compiled, and keeps it once", async () => {
  const { run, entries } = install();
  expect(await run()).toBe("first beside neighbour");
  const files = entries();
  expect(files).toHaveLength(2);
  const before = changesOf(files);
  expect(await run()).toBe("first beside neighbour");
  expect(entries()).toEqual(files);
  expect(changesOf(files)).toEqual(before);
});

test("another version in the same folder runs as it is written, though it is as long", async () => {
  const { write, run, entries } = install();
  await run();
  write("program.cjs", programOf("other"));
  expect(await run()).toBe("other beside neighbour");
  expect(entries()).toHaveLength(2);
  expect(await run()).toBe("other beside neighbour");
});

test.each([
  ["is cut", (stored: Buffer) => stored.subarray(0, stored.length / 2)],
  ["is empty", () => Buffer.of()],
  [
    "has a changed byte",
    (stored: Buffer) =>
      stored.fill(stored.readUInt8(stored.length / 2) ^ 1, stored.length / 2, stored.length / 2 + 1),
  ],
])("compiled code that %s is compiled again", async (_, damage) => {
  const { run, entries } = install();
  await run();
  const files = entries();
  const whole = files.map((file) => readFileSync(file));
  for (const file of files) writeFileSync(file, damage(readFileSync(file)));
  expect(await run()).toBe("first beside neighbour");
  expect(files.map((file) => readFileSync(file).length)).toEqual(whole.map(({ length }) => length));
});

test("a program runs where nothing can be kept", async () => {
  const { run, entries } = install();
  expect(await run({ NODE_DISABLE_COMPILE_CACHE: "1" })).toBe("first beside neighbour");
  expect(entries()).toEqual([]);
});
