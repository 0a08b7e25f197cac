import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { descriptionsIn } from "../../../test/descriptions.ts";
import { generateTypes, typesFile } from "../scripts/generate-types.ts";

const source = await readFile(typesFile, "utf8");

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** Words that say nothing by themselves. */
const fillers = ["the", "a", "an", "of", "is", "its"];

test("the generated types match the schemas (run `npm run generate`)", async () => {
  expect(source).toBe(await generateTypes());
});

test("every type and every property says what it is, in more words than its name has", () => {
  const all = descriptionsIn(source);
  expect(all.length).toBeGreaterThan(900);
  const silent = all.filter(([path, description]) => {
    const known = new Set([...fillers, ...wordsOf((path.split(".").at(-1) ?? "").replaceAll("_", " "))]);
    return wordsOf(description).every((word) => known.has(word));
  });
  expect(silent).toEqual([]);
});

test("a list with a limit is an array, not a tuple for each length", () => {
  expect(source).toMatch(/exclusion_rules\?: ExclusionRule\[\] \| undefined;/);
  expect(source).not.toMatch(/\[\s*\]\s*\|\s*\[/);
});
