import { expect, test } from "vitest";
import { isTooDeep, objectWithin, parseJson } from "./json.ts";

const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;

test("JSON of a hundred levels is read, and none that is deeper", () => {
  expect(parseJson(nested(100))).toBeDefined();
  expect(parseJson(nested(101))).toBeUndefined();
  expect(parseJson(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`)).toBeUndefined();
  // Many in one another or many beside one another are two things.
  expect(parseJson(`[${Array(1_000).fill("{}").join(",")}]`)).toHaveLength(1_000);
  expect(parseJson(`[${"[],".repeat(100_000)}0]`)).toBeUndefined();
  expect(isTooDeep(JSON.parse(nested(101)))).toBe(true);
});

test.each([
  ['{"a":1}', { a: 1 }],
  ['Here it is:\n```json\n{"a":{"b":2}}\n```', { a: { b: 2 } }],
  ["no object", undefined],
  ["} {", undefined],
  ["{ broken }", undefined],
  ["{".repeat(300_000), undefined],
])("the object within %s is found", (text, object) => {
  expect(objectWithin(text)).toEqual(object);
});
