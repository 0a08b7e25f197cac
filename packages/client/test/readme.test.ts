import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problemsIn } from "./compile.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const pages = [join(root, "README.md"), join(root, "../../README.md")];
const readme = (await Promise.all(pages.map((page) => readFile(page, "utf8")))).join("\n");
const snippets = Array.from(readme.matchAll(/```(tsx?)\n(.*?)```/gs), ([, kind = "", code = ""]) => ({
  kind,
  code,
}));

/** A folder inside the package, so that a snippet imports the package by its name; git and lint leave it out. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(root, ".snippets"), { recursive: true });
  folder = await mkdtemp(join(root, ".snippets/readme-"));
});

afterAll(() => rm(folder, { recursive: true }));

// That they run, and what they print, is tested against a whole server in test/sdk-page.test.ts.
test("every snippet of the READMEs compiles, strictly", async () => {
  const files = await Promise.all(
    snippets.map(async ({ kind, code }, index) => {
      const file = join(folder, `compile-${index}.${kind}`);
      await writeFile(file, code);
      return file;
    }),
  );
  const { config } = ts.readConfigFile(join(root, "../../tsconfig.json"), ts.sys.readFile);
  const options = { ...config.compilerOptions, jsx: "react-jsx" };
  expect(problemsIn(files, options, root)).toEqual([]);
}, 120_000);
