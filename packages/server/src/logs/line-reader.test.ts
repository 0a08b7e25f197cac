import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createLineReader, type LineReader } from "./line-reader.ts";

const newFile = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "muxi-lines-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "some.log");
};

const read = async ({ newLines }: LineReader): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of newLines()) lines.push(line);
  return lines;
};

it("each line comes once, when it is whole", async () => {
  const file = await newFile();
  const reader = createLineReader(file, 0);
  expect(await read(reader)).toEqual([]); // The file is missing.
  await writeFile(file, "one\ntwo\nthr");
  expect(await read(reader)).toEqual(["one", "two"]);
  await appendFile(file, "ee\n\n");
  expect(await read(reader)).toEqual(["three", ""]);
  expect(await read(reader)).toEqual([]);
});

it("a character that is written in two parts stays whole", async () => {
  const file = await newFile();
  const [first, ...rest] = Buffer.from("ü\n");
  await writeFile(file, Buffer.from([first ?? 0]));
  const reader = createLineReader(file, 0);
  expect(await read(reader)).toEqual([]);
  await appendFile(file, Buffer.from(rest));
  expect(await read(reader)).toEqual(["ü"]);
});

it("a file that was rotated is read from its start", async () => {
  const file = await newFile();
  await writeFile(file, "before\nhalf a li");
  const reader = createLineReader(file, 0);
  expect(await read(reader)).toEqual(["before"]);
  await writeFile(file, "after\n");
  expect(await read(reader)).toEqual(["after"]);
});

it("reading begins where the caller says", async () => {
  const file = await newFile();
  await writeFile(file, "old\nnew\n");
  expect(await read(createLineReader(file, 4))).toEqual(["new"]);
});

it("a line without end is split instead of filling the memory", async () => {
  const file = await newFile();
  await writeFile(file, `${"x".repeat(3_000_000)}\n`);
  const lines = await read(createLineReader(file, 0));
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join("")).toHaveLength(3_000_000);
});
