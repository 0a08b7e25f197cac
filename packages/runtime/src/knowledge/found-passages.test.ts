import { expect, test } from "vitest";
import { chosenOf } from "./choice.ts";
import { createDoubles } from "./doubles.ts";
import { withNeighboursJoined } from "./neighbours.ts";
import type { KnowledgePassage } from "./place.ts";
import { fused } from "./ranking.ts";

const passage = (id: number, text: string, rest: Partial<KnowledgePassage> = {}): KnowledgePassage => ({
  id,
  last: id,
  key: `cit_${id}`,
  document: Math.floor(id / 1_000_000),
  origin: "",
  source: "docs/a.md",
  headings: [],
  score: 1,
  text,
  ...rest,
});

async function* each<Item>(items: readonly Item[]) {
  yield* items;
}

test("what ranks high in two rankings wins; one alone keeps its scores", () => {
  const words = new Map([
    [1, 9],
    [2, 8],
    [3, 7],
  ]);
  const meaning = new Map([
    [4, 0.9],
    [3, 0.8],
    [2, 0.7],
  ]);
  expect([...fused([words, meaning], 3).keys()]).toEqual([2, 3, 1]);
  expect(fused([words, new Map()], 3)).toEqual(words);
  expect(fused([], 3)).toEqual(new Map());
});

test("what says nearly the same is left out, and what differs in a number or in a word is kept", async () => {
  const rule =
    "Returned goods are accepted within 14 days of delivery, in their packaging and with the receipt.";
  const doubles = createDoubles();
  expect(doubles.has(rule)).toBe(false);
  expect(
    doubles.has(
      `**Returned goods** are accepted within 14 days of delivery,\nin their packaging and with the receipt.`,
    ),
  ).toBe(true);
  expect(doubles.has(rule.replace("14", "30"))).toBe(false);
  expect(doubles.has(rule.replace("are accepted", "are never accepted"))).toBe(false);
  const [one, other] = [
    "退货须在签收后十四天内提出，并保留原包装和收据。",
    "退货须在签收后三十天内提出，并保留原包装和收据。",
  ];
  expect(doubles.has(one ?? "")).toBe(false);
  expect(doubles.has(other ?? "")).toBe(false);
  expect(doubles.has(`${one} `)).toBe(true);
  const chosen = await chosenOf(each([passage(1, rule), passage(9, rule), passage(5, "Plums are blue.")]), {
    limit: 2,
    tokens: 1_000,
  });
  expect(chosen.map(({ id }) => id)).toEqual([1, 5]);
});

test("as many passages are chosen as have room, the best one in any case, and none that fits far less well", async () => {
  const texts = ["a", "b", "c", "d"].map((letter, at) =>
    passage(at, letter.repeat(400), { score: 10 - at * 3 }),
  );
  const idsWith = async (limit: number, tokens: number) =>
    (await chosenOf(each(texts), { limit, tokens })).map(({ id }) => id);
  expect(await idsWith(9, 250)).toEqual([0, 1]);
  expect(await idsWith(1, 250)).toEqual([0]);
  expect(await idsWith(9, 10)).toEqual([0]);
  expect(await idsWith(9, 10_000)).toEqual([0, 1, 2]);
  expect(await idsWith(9, Number.POSITIVE_INFINITY)).toEqual([0, 1, 2, 3]);
});

test("passages that follow one another become one, without what they repeat", () => {
  const first = passage(7, "Cellar\nThe cellar is cold. The key hangs behind the door.", {
    headings: ["Cellar"],
    lines: [3, 4],
    score: 2,
  });
  const second = passage(8, "Cellar\nhangs behind the door. Take a lamp along.", {
    headings: ["Cellar"],
    lines: [4, 6],
    score: 5,
  });
  const third = passage(9, "Attic\nThe attic is warm.", { headings: ["Attic"], score: 1 });
  const other = passage(11, "Barn\nThe barn is red.", { headings: ["Barn"], score: 3 });
  expect(withNeighboursJoined([second, other, first, third])).toEqual([
    {
      ...first,
      last: 9,
      parts: [first, second, third],
      lines: [3, 6],
      score: 5,
      text: "Cellar\nThe cellar is cold. The key hangs behind the door. Take a lamp along.\n\nAttic\nThe attic is warm.",
    },
    other,
  ]);
});

test("rows of a table that follow one another have one header; other documents and sheets stay apart", () => {
  const head = "| Variety | Price |\n| --- | --- |\n";
  const rows = (id: number, row: string, rest: Partial<KnowledgePassage> = {}) =>
    passage(id, `Prices\n${head}${row}`, { headings: ["Prices"], ...rest });
  expect(withNeighboursJoined([rows(1, "| Cox | 2 |"), rows(2, "| Russet | 3 |")])).toMatchObject([
    { id: 1, last: 2, text: `Prices\n${head}| Cox | 2 |\n| Russet | 3 |` },
  ]);
  const apart = [rows(1_999_999, "| Cox | 2 |"), rows(2_000_000, "| Russet | 3 |", { source: "docs/b.md" })];
  expect(withNeighboursJoined(apart)).toEqual(apart);
  const sheets = [rows(1, "| Cox | 2 |", { sheet: "A" }), rows(2, "| Russet | 3 |", { sheet: "B" })];
  expect(withNeighboursJoined(sheets)).toEqual(sheets);
});
