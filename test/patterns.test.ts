import { expect, test } from "vitest";
import { exceptions, knownPatterns, patternsInSources } from "./patterns.ts";

test("every regular expression is known to be linear: `npm run patterns` checks new ones", () => {
  const known = new Set([...knownPatterns(), ...exceptions.keys()]);
  const unknown = [...patternsInSources()].filter(([pattern]) => !known.has(pattern));
  expect(unknown).toEqual([]);
});

test("nothing is listed as linear, or as an exception, that no source has", () => {
  const found = patternsInSources();
  expect([...knownPatterns(), ...exceptions.keys()].filter((pattern) => !found.has(pattern))).toEqual([]);
});
