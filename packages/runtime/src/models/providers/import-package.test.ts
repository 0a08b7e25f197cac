import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../../test/temporary-folder.ts";
import { packagesOf } from "./import-package.ts";

const install = async (dir: string, exports: object) => {
  const place = path.join(dir, "node_modules/@ai-sdk/orchard");
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, "package.json"), JSON.stringify({ name: "@ai-sdk/orchard", exports }));
  await writeFile(path.join(place, "index.mjs"), "export const createOrchard = () => 'from the folder';");
};

test.each([
  ["for every kind of program", { ".": { import: "./index.mjs", default: "./index.mjs" } }],
  ["under one name", { ".": "./index.mjs" }],
])("a package that is installed in the formation's folder is loaded, exported %s", async (_, exports) => {
  const dir = temporaryFolder();
  await install(dir, exports);
  expect(await packagesOf(dir)("@ai-sdk/orchard")).toHaveProperty("createOrchard");
});

test("without one, that of the program is", async () => {
  expect(await packagesOf(temporaryFolder())("zod")).toHaveProperty("z");
  await expect(packagesOf(temporaryFolder())("@ai-sdk/nowhere")).rejects.toThrow("@ai-sdk/nowhere");
});
