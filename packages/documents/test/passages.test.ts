import { expect, test } from "vitest";
import { type DocumentPassage, type PassageSettings, passagesOf } from "../src/index.ts";
import { createReading } from "./read.ts";

const { documentOf } = createReading();

const passagesIn = async (name: string, content?: string, settings: Partial<PassageSettings> = {}) => [
  ...passagesOf(await documentOf(name, content), {
    strategy: "adaptive",
    size: 1000,
    overlap: 0,
    ...settings,
  }),
];

const textsIn = async (...parameters: Parameters<typeof passagesIn>) =>
  (await passagesIn(...parameters)).map(({ text }) => text);

test("a document is cut at its headings, and each passage carries the one it stands under", async () => {
  const document =
    "# Apples\n\nRussets keep.\n\nGalas do not.\n## Picking\nIn September.\n\n# Pears\n\nSoft.\n\n# Plums\n";
  expect(await passagesIn("a.md", document)).toEqual([
    { text: "Apples\nRussets keep.\nGalas do not.", headings: ["Apples"], title: "Apples", lines: [3, 5] },
    { text: "Picking\nIn September.", headings: ["Apples", "Picking"], title: "Apples", lines: [7, 7] },
    { text: "Pears\nSoft.", headings: ["Pears"], title: "Apples", lines: [11, 11] },
    { text: "Plums", headings: [], title: "Apples", lines: [13, 13] },
  ]);
});

const sentences = Array.from({ length: 20 }, (_, index) => `This is sentence number ${index}.`).join(" ");

test("a long paragraph is cut between its sentences, and what has no sentences at the limit", async () => {
  const passages = await textsIn("a.txt", sentences, { size: 100 });
  expect(passages.length).toBeGreaterThan(5);
  for (const passage of passages) expect(passage).toMatch(/^This is .*\.$/);
  expect(passages.join(" ")).toBe(sentences);
  const lengths = (await textsIn("a.txt", "x".repeat(250), { size: 100 })).map(({ length }) => length);
  expect(lengths).toEqual([100, 100, 50]);
});

test("passages overlap by whole words, where a paragraph goes on", async () => {
  const passages = await textsIn("a.txt", sentences, { size: 100, overlap: 20 });
  for (const [index, passage] of passages.entries()) {
    expect(passage.length).toBeLessThanOrEqual(100);
    const before = passages[index - 1];
    if (before === undefined) continue;
    const [repeated = ""] = passage.split("This is", 1);
    expect(repeated.trim()).not.toBe("");
    expect(before.endsWith(` ${repeated.trim()}`)).toBe(true);
    expect(repeated.length).toBeLessThanOrEqual(21);
  }
});

test("each passage of a table has its header, and knows its rows", async () => {
  const rows = Array.from({ length: 30 }, (_, index) => `Tree ${index},${index}`).join("\n");
  const passages = await passagesIn("trees.csv", `name,age\n${rows}\n`, { size: 150, overlap: 50 });
  expect(passages.length).toBeGreaterThan(3);
  for (const { text } of passages) {
    expect(text).toMatch(/^\| name \| age \|\n\| --- \| --- \|\n(\| Tree \d+ \| \d+ \|\n?)+$/);
    expect(text.length).toBeLessThanOrEqual(150);
  }
  expect(
    passages
      .map(({ text }) => text.split("\n").slice(2).join("\n"))
      .join("\n")
      .split("\n"),
  ).toHaveLength(30);
  expect(passages.at(-1)?.lines?.[1]).toBe(31);
  expect(passages[1]?.lines?.[0]).toBe((passages[0]?.lines?.[1] ?? 0) + 1);
});

test("code is cut between its lines", async () => {
  const body = Array.from({ length: 12 }, (_, index) => `  step(${index});`).join("\n");
  const passages = await passagesIn("a.ts", `const one = 1;\n\nfunction run() {\n${body}\n}\n`, {
    size: 120,
  });
  expect(passages.map(({ lines }) => lines)).toEqual([
    [1, 11],
    [12, 16],
  ]);
  for (const { text } of passages) expect(text).toMatch(/[;}]$/);
});

test("passages stay on their slide and in their sheet, and know page, slide and sheet", async () => {
  const places = (passages: readonly DocumentPassage[]) =>
    passages.map(({ text, page, slide, sheet }) => [text.split("\n")[0], page ?? slide ?? sheet]);
  expect(places(await passagesIn("talk.pptx"))).toEqual([
    ["The harvest", 1],
    ["Storage", 2],
  ]);
  expect(places(await passagesIn("stock.xlsx"))).toEqual([
    ["| Variety | Crates | Counted |", "Stock"],
    ["| Place | Holds |", "Cellar"],
  ]);
  expect((await passagesIn("guide.pdf"))[0]).toMatchObject({ page: 1, headings: ["Orchard handbook"] });
});

const orchard = [
  "Apple trees want a sunny slope. Apple trees on a sunny slope bear apples early.",
  "The sunny slope also dries apple trees after rain.",
  "Honey is sold in glass jars. Each glass jar of honey carries a label. The label tells the month of the honey.",
].join("\n\n");

test("strategies cut the same document in different places", async () => {
  const document = `# Farm\n\n${orchard}\n`;
  const [apples = "", rain = "", honey = ""] = orchard.split("\n\n");
  expect(await textsIn("a.md", document)).toEqual([`Farm\n${apples}\n${rain}\n${honey}`]);
  expect(await textsIn("a.md", document, { strategy: "paragraph" })).toEqual([
    `Farm\n${apples}`,
    `Farm\n${rain}`,
    `Farm\n${honey}`,
  ]);
  expect(await textsIn("a.md", document, { strategy: "semantic" })).toEqual([
    `Farm\n${apples}\n${rain}`,
    `Farm\n${honey}`,
  ]);
  const fixed = await textsIn("a.md", document, { strategy: "fixed", size: 120 });
  expect(fixed[0]).toMatch(/^# Farm\nApple trees/);
  expect(fixed.every(({ length }) => length <= 120)).toBe(true);
  expect(fixed.join(" ").replace(/\s+/g, " ")).toBe(document.replace(/\s+/g, " ").trim());
});

test("a paragraph with two subjects is parted by subject", async () => {
  const document = orchard.replaceAll("\n\n", " ");
  const passages = await textsIn("a.txt", document, { strategy: "semantic" });
  expect(passages).toEqual([expect.stringMatching(/^Apple.*rain\.$/), expect.stringMatching(/^Honey/)]);
});
