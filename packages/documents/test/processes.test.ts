import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { until } from "../../../test/until.ts";
import { createDocumentReader, markdownOf } from "../src/index.ts";
import { tarOf, zipOf } from "./made.ts";
import { createReading, limits } from "./read.ts";

const { read, documentOf } = createReading();

const megabyte = 2 ** 20;

/** A Word document that takes long to read: each paragraph costs more than the one before. */
const slowDocument = (): Promise<Buffer> =>
  zipOf({
    "_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
    "[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
    "word/document.xml": `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${"<w:p/>".repeat(150_000)}</w:body></w:document>`,
  });

/** Has a process read a file, which holds a secret in its environment. */
const readInProcess = (name: string, content: Buffer) => {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(file, content);
  const child = fork(path.join(import.meta.dirname, "reading-process.ts"), [file], {
    execArgv: ["--conditions=muxi-source"],
    env: { ...process.env, MODEL_KEY: "sk-secret" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
};

/** The processes that a process has started. */
const startedBy = (pid: number | undefined): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number);

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a document that fills buffers, which no limit of a thread covers, takes no memory of its formation", async () => {
  const content = tarOf({ "zeros.txt": Buffer.alloc(400 * megabyte) });
  const [{ reading, peak }] = await once(readInProcess("zeros.tgz", content), "message");
  expect(reading).toEqual({
    failure: { code: "too_large", reason: "reading it takes too much memory" },
  });
  expect(peak).toBeLessThan(350);
});

test("what reads a document knows no secrets, and ends with its formation, however busy it is", async () => {
  const formation = readInProcess("slow.docx", await slowDocument());
  const [pid = 0] = await until("the document is being read", () => {
    const pids = startedBy(formation.pid);
    return pids.length > 0 && pids;
  });
  await until("its thread works", () => {
    const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, "latin1").split(" ");
    return Number(fields[11]) > 100;
  });
  expect(readFileSync(`/proc/${pid}/environ`, "latin1")).not.toContain("sk-secret");
  expect(readFileSync(`/proc/${pid}/oom_score_adj`, "latin1").trim()).toBe("1000");
  formation.kill("SIGKILL");
  await until("it has ended", () => !isRunning(pid));
});

test("a process that the system ends for its memory costs the document that it reads, and no other", async () => {
  const before = startedBy(process.pid);
  const reading = read("slow.docx", await slowDocument());
  const [pid = 0] = await until("the document is being read", () => {
    const pids = startedBy(process.pid).filter((each) => !before.includes(each));
    return pids.length > 0 && pids;
  });
  process.kill(pid, "SIGKILL");
  expect(await reading).toEqual({
    failure: { code: "too_large", reason: "reading it takes too much memory" },
  });
  expect(markdownOf(await documentOf("a.md", "# Still\n\nhere"))).toBe("# Still\n\nhere");
});

test("what is being taken of a document when its process ends is taken before the reading ends", async () => {
  const reader = createDocumentReader(limits);
  onTestFinished(() => reader.close());
  const before = startedBy(process.pid);
  const file = Buffer.from("The tree number seven stands beside the tree number eight.\n\n".repeat(15_000));
  let isTaken = false;
  const reading = await reader.readPassages(
    { file, name: "large.txt", format: "text" },
    { strategy: "adaptive", size: 1000, overlap: 0 },
    async () => {
      const [pid = 0] = startedBy(process.pid).filter((each) => !before.includes(each));
      process.kill(pid, "SIGKILL");
      await until("its process has ended", () => !isRunning(pid));
      for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
      isTaken = true;
    },
  );
  expect(reading).toEqual({ failure: { code: "too_large", reason: "reading it takes too much memory" } });
  expect(isTaken).toBe(true);
});
