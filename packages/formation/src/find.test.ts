import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder, manifest } from "../test/folder.ts";
import { findFormationDir } from "./find.ts";

const deep = async (dir: string, levels: number): Promise<string> => {
  const path = join(dir, ...Array.from({ length: levels }, (_, level) => `level-${level}`));
  await mkdir(path, { recursive: true });
  return path;
};

test("a formation is found in the folder and up to five above", async () => {
  const dir = await folder({ "formation.yaml": manifest() });
  expect(await findFormationDir(dir)).toBe(dir);
  expect(await findFormationDir(await deep(dir, 5))).toBe(dir);
  expect(await findFormationDir(await deep(dir, 6))).toBeUndefined();
});

test("the search goes no further than the home folder", async () => {
  const dir = await folder({ "formation.afs": manifest() });
  const home = await deep(dir, 1);
  expect(await findFormationDir(await deep(dir, 3), { home })).toBeUndefined();
  expect(await findFormationDir(dir, { home: dir })).toBe(dir);
});

test("at the root the search ends", async () => {
  expect(await findFormationDir("/")).toBeUndefined();
});
