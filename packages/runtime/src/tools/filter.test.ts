import { expect, test } from "vitest";
import { narrow } from "./filter.ts";

const names = ["a", "b", "d", "-", "]", "^", "ab", "read_file", "read_tree", "write_file"];

test.each([
  ["read_*", ["read_file", "read_tree"]],
  ["*_f*", ["read_file", "write_file"]],
  ["?", ["a", "b", "d", "-", "]", "^"]],
  ["[ab]", ["a", "b"]],
  ["[a-c]", ["a", "b"]],
  ["[!a-c]", ["d", "-", "]", "^"]],
  ["[c-a]", []],
  ["[a-]", ["a", "-"]],
  ["[^a]", ["a", "^"]],
  ["[a", []],
  ["A", []],
])("the pattern %s lets %j through", (pattern, kept) => {
  expect(narrow(names, { allow: [pattern], deny: [] })).toEqual(kept);
});
