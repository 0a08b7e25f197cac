import { expect, test } from "vitest";
import { leafWith, nodesOf, outlineOf, outlineOfAll, pathOf, withoutDoubles } from "./outline.ts";

const limits = { max_depth: 3, max_pages_per_node: 10, max_tokens_per_node: 100 };

const rows = (...places: { headings?: string[]; page?: number; part?: string; size?: number }[]) =>
  places.map(({ size = 400, headings = [], ...place }, id) => ({
    id,
    size,
    beginning: `Text ${id}`,
    place: JSON.stringify({ headings, ...place }),
  }));

const shown = (...[passages, more]: [ReturnType<typeof rows>, Partial<typeof limits>?]) =>
  [...nodesOf(outlineOf("a.md", 1, passages, { ...limits, ...more }))].map(
    ({ id, title, first, last, beginning }) =>
      `${id} ${title}${beginning === undefined ? "" : ` "${beginning}"`} ${first}-${last}`,
  );

test("a heading that comes again is another section; each passage is in one of the lowest", () => {
  const passages = rows(
    {},
    { headings: ["A"] },
    { headings: ["A", "A1"] },
    { headings: ["B"] },
    { headings: ["A"] },
  );
  expect(shown(passages)).toEqual([
    "1 a.md 0-4",
    '1.1  "Text 0" 0-0',
    "1.2 A 1-2",
    '1.2.1  "Text 1" 1-1',
    "1.2.2 A1 2-2",
    "1.3 B 3-3",
    "1.4 A 4-4",
  ]);
});

test("below the deepest headings sections go by pages, and without pages by their length", () => {
  const paged = rows(...Array.from({ length: 25 }, (_, index) => ({ page: index + 1 })));
  expect(shown(paged)).toEqual([
    "1 a.md 0-24",
    '1.1 pages 1 to 10 "Text 0" 0-9',
    '1.2 pages 11 to 20 "Text 10" 10-19',
    '1.3 pages 21 to 25 "Text 20" 20-24',
  ]);
  expect(shown(rows({}, {}, {}), { max_tokens_per_node: 200 })).toEqual([
    "1 a.md 0-2",
    '1.1 part 1 "Text 0" 0-1',
    '1.2 part 2 "Text 2" 2-2',
  ]);
  expect(shown(rows({ headings: ["A", "B"] }, { headings: ["A", "C"] }), { max_depth: 1 })).toEqual([
    "1 a.md 0-1",
    "1.1 A 0-1",
    '1.1.1 part 1 "Text 0" 0-0',
    '1.1.2 part 2 "Text 1" 1-1',
  ]);
});

test("the files of an archive are its sections; a path tells the titles, and what is in another section is no second one", () => {
  const document = outlineOf("a.zip", 2, rows({ part: "b.md", headings: ["B"] }, { part: "c.md" }), limits);
  const outline = outlineOfAll([document]);
  const [first, second] = outline.leaves;
  expect([first, second].map((node) => node && pathOf(outline, node))).toEqual([
    "a.zip › b.md › B",
    "a.zip › c.md",
  ]);
  expect([0, 1, 2].map((passage) => leafWith(outline, passage))).toEqual([first, second, undefined]);
  const nodes = [first, document, second, document].flatMap((node) => node ?? []);
  expect(withoutDoubles(nodes)).toEqual([document]);
});
