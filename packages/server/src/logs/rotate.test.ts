import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { countLog, tailLog } from "./process-logs.ts";
import { rotate } from "./rotate.ts";

const temporaryLog = async (): Promise<{ folder: string; file: string }> => {
  const folder = await mkdtemp(join(tmpdir(), "muxi-rotate-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, file: join(folder, "bot-out.log") };
};

test("a log that has grown is set aside, and of the older ones no more are kept than wanted", async () => {
  const { folder, file } = await temporaryLog();
  const limits = { maxBytes: 8, maxFiles: 2 };
  expect(await rotate(file, limits)).toBe(false);
  for (const line of ["first", "second", "third"]) {
    await appendFile(file, `${line} line\n`);
    expect(await rotate(file, limits)).toBe(true);
    expect(await readFile(file, "utf8")).toBe("");
  }
  expect((await readdir(folder)).sort()).toEqual(["bot-out.log", "bot-out.log.1", "bot-out.log.2"]);
  expect(await readFile(`${file}.1`, "utf8")).toBe("third line\n");
  expect(await readFile(`${file}.2`, "utf8")).toBe("second line\n");
  await appendFile(file, "short\n");
  expect(await rotate(file, limits)).toBe(false);
});

test("with no file to keep it is only cut", async () => {
  const { folder, file } = await temporaryLog();
  await writeFile(file, "a long line\n");
  expect(await rotate(file, { maxBytes: 8, maxFiles: 0 })).toBe(true);
  expect(await readdir(folder)).toEqual(["bot-out.log"]);
});

test("the last lines reach back over a rotation", async () => {
  const { file } = await temporaryLog();
  await writeFile(file, "1\n2\n3\n");
  await rotate(file, { maxBytes: 1, maxFiles: 3 });
  expect(await tailLog(file, 2)).toEqual(["2", "3"]);
  await appendFile(file, "4\n");
  expect(await tailLog(file, 1)).toEqual(["4"]);
  expect(await tailLog(file, 3)).toEqual(["2", "3", "4"]);
  expect(await tailLog(file, 9)).toEqual(["1", "2", "3", "4"]);
  expect(await countLog(file)).toBe(4);
});
