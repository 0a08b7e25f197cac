import { expect, test } from "vitest";
import { hasItsNumbers } from "./numbers.ts";

test.each([
  ["as it was said", "The user's room is 4711", "I sleep in room 4711", true],
  ["copied wrongly", "The user's room is 4771", "I sleep in room 4711", false],
  ["written in another way", "The user earns 1200 a month", "I earn 1,200 a month", true],
  ["of a telephone", "The user's number is 0170-12345", "Call 0170 12345", true],
  ["that nobody said", "The user runs 400 miles", "I run a lot", false],
  ["a date that was counted", "The user's test is on 2026-03-04", "My test is tomorrow", true],
  ["a date in another form", "The user's test is on 04.03.2026", "My test is tomorrow", true],
  ["a year of birth", "The user was born in 1990", "I am 36", true],
  ["a short one that was a word", "The user has 3 hens", "I have three hens", true],
] as const)("a number %s", (_, fact, message, expected) => {
  expect(hasItsNumbers(fact, [message])).toBe(expected);
});
