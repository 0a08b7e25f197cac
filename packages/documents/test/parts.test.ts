import { expect, onTestFinished, test } from "vitest";
import { createDocumentReader, type DocumentPassage } from "../src/index.ts";
import { limits } from "./read.ts";

const settings = { strategy: "adaptive", size: 1000, overlap: 0 } as const;
const line = "The tree number seven stands beside the tree number eight.\n\n";
const large = { file: Buffer.from(line.repeat(15_000)), name: "large.txt", format: "text" } as const;
const small = { file: Buffer.from(line), name: "small.txt", format: "text" } as const;

const reader = () => {
  const made = createDocumentReader(limits);
  onTestFinished(() => made.close());
  return made;
};

const charactersIn = (passages: readonly DocumentPassage[]) =>
  passages.reduce((sum, { text }) => sum + text.length, 0);

test("a large document is handed over in parts, each when the one before was taken", async () => {
  const sizes: number[] = [];
  let taking = 0;
  const reading = await reader().readPassages(large, settings, async (passages) => {
    taking += 1;
    expect(taking).toBe(1);
    sizes.push(charactersIn(passages));
    await new Promise(setImmediate);
    taking -= 1;
  });
  expect(reading).toEqual({ document: { blocks: [], unread: [], isCut: false } });
  expect(sizes.length).toBeGreaterThan(10);
  expect(Math.max(...sizes)).toBeLessThan(60_000);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(line.length * 14_000);
});

test("what cannot take a part ends the reading, and the next document is read", async () => {
  const { readPassages } = reader();
  const full = () => Promise.reject(new Error("the disk is full"));
  await expect(readPassages(large, settings, full)).rejects.toThrow("the disk is full");
  const texts: string[] = [];
  await readPassages(small, settings, async (passages) => {
    texts.push(...passages.map(({ text }) => text));
  });
  expect(texts).toEqual([line.trim()]);
});

test("a document that cannot be read has no parts", async () => {
  const broken = { file: Buffer.from("PK and nothing more"), name: "a.docx", format: "docx" } as const;
  const taken: unknown[] = [];
  const reading = await reader().readPassages(
    broken,
    settings,
    async (passages) => void taken.push(passages),
  );
  expect(reading).toEqual({ failure: { code: "broken", reason: "it is damaged" } });
  expect(taken).toEqual([]);
});
