import { expect, test } from "vitest";
import { partialJson } from "../src/formation/partial-json.ts";

test.each<[string, unknown]>([
  ["", undefined],
  [" ", undefined],
  ["{", {}],
  ['{"a', {}],
  ['{"a"', {}],
  ['{"a":', {}],
  ['{"a":1', {}],
  ['{"a":1,', { a: 1 }],
  ['{"a":1,"b":tr', { a: 1 }],
  ['{"a":true}', { a: true }],
  ['{"a":"pe', { a: "pe" }],
  ['{"a":"pe\\', { a: "pe" }],
  ['{"a":"pe\\u00', { a: "pe" }],
  ['{"a":"pe\\u00e9', { a: "peé" }],
  ['{"a":"\\\\', { a: "\\" }],
  ['{"a":["x",{"b":null,"c":["d', { a: ["x", { b: null, c: ["d"] }] }],
  ['["a"] and more', ["a"]],
  ["[1.5e3, -2]", [1500, -2]],
  ['{"__proto__":{"a":1}}', JSON.parse('{"__proto__":{"a":1}}')],
  ["no JSON ", undefined],
])("%s", (text, value) => {
  expect(partialJson(text)).toEqual(value);
});

test("each beginning of a text has a part of its value", () => {
  const value = { name: 'A "pear"\n', list: [1, [], {}, null, "\u{1f350}"], more: { deep: [{ a: "b" }] } };
  const text = JSON.stringify(value, null, 1);
  for (let end = 0; end <= text.length; end += 1) expect(() => partialJson(text.slice(0, end))).not.toThrow();
  expect(partialJson(text)).toEqual(value);
});
