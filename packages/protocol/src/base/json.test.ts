import { expect, test } from "vitest";
import { holdsMoreValues, namesPrototype } from "./json.ts";

test.each([
  ["[1,2]", 2],
  ['{"a":{"b":[1]}}', 3],
  ['["[,{","\\\\","\\"[,{","\\\\\\"[,{"]', 4],
  ['["[[[[', 1],
  ['["\\"[[[[', 1],
])("%s holds what stands outside of its strings", (text, values) => {
  expect([holdsMoreValues(text, values - 1), holdsMoreValues(text, values)]).toEqual([true, false]);
});

test.each([
  ['{"__proto__":1}', true],
  ['[1,{"a":[{"\\u005f_proto__":{}}]}]', true],
  ['{"a":"__proto__","b":["__proto__"],"c":null}', false],
])("whether %s names a prototype is %s", (text, names) => {
  expect(namesPrototype(JSON.parse(text))).toBe(names);
});
