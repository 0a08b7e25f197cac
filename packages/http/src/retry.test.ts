import { expect, test } from "vitest";
import { backoff, readRetryAfter } from "./retry.ts";

test("waits double with each failure, up to the longest", () => {
  const waits = [1, 2, 3, 4, 5, 5_000].map((failures) => backoff(failures, { first: 100, longest: 1_000 }));
  expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test("jitter makes a wait shorter by at most its share", () => {
  const waitAt = (random: number) =>
    backoff(2, { first: 100, longest: 1_000, jitter: 0.5, random: () => random });
  expect([waitAt(0), waitAt(0.5), waitAt(1)]).toEqual([200, 150, 100]);
});

const now = Date.parse("2026-01-31T08:00:00Z");

test.each([
  ["seconds", "7", 7],
  ["a fraction of a second", " 0.2 ", 0.2],
  ["a date to come", "Sat, 31 Jan 2026 08:01:30 GMT", 90],
  ["a date that is past", "Sat, 31 Jan 2026 07:00:00 GMT", 0],
  ["a word", "soon", undefined],
  ["a number that is none", "0x10", undefined],
  ["nothing", "", undefined],
  ["no header", undefined, undefined],
])("Retry-After with %s", (_what, header, seconds) => {
  expect(readRetryAfter(header, now)).toBe(seconds);
});
