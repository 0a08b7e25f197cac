import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

test("keys are sorted at every level, and nothing else changes", () => {
  const value = { b: [{ d: null, c: "ü\n" }, 2], a: { z: true, Y: {} } };
  expect(canonicalJson(value)).toBe('{"a":{"Y":{},"z":true},"b":[{"c":"ü\\n","d":null},2]}');
});
