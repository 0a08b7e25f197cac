import { expect, test } from "vitest";
import { factIn } from "./rules.ts";
import { isSensitive } from "./sensitive.ts";

test.each([
  ["Remember that the ladder is in the shed", "the ladder is in the shed", "context"],
  ["My favourite apple is the Cox", "My favourite apple is the Cox", "preferences"],
  ["Hi! I live in Kent", "I live in Kent", "user_identity"],
  ["My daughter is called Ada", "My daughter is called Ada", "relationships"],
  ["I really like pears", "I really like pears", "preferences"],
  ["The north field has forty plum trees", "The north field has forty plum trees", "conversations"],
])("%j states %j", (message, content, collection) => {
  expect(factIn(message)).toMatchObject({ content, collection });
});

test.each([
  "Hello",
  "Where is the ladder?",
  "Tell me about the north field and its trees",
  "My ladder is where?",
  "call:stock {}",
  `Note that ${"x ".repeat(2_000)}`,
])("%j states nothing", (message) => {
  expect(factIn(message)).toBeUndefined();
});

test("a fact that can have one value replaces the one before, others stand beside each other", () => {
  const subject = (message: string) => factIn(message)?.subject;
  expect(subject("My favourite apple is the Cox")).toBe(subject("my favourite apple is the Bramley!"));
  expect(subject("I live in Kent")).toBe(subject("I live in Devon"));
  expect(subject("My dog is called Pip")).not.toBe(subject("My dog is old"));
  expect(subject("I like pears")).not.toBe(subject("I like plums"));
});

test.each([
  ["My password is hunter2", true],
  ["The user's SSN is 123-45-6789", true],
  ["It is 123-45-6789", true],
  ["Pay with 4111 1111 1111 1111", true],
  ["My card is full", true],
  ["I planted 1200 trees in 2019", false],
  ["My favourite colour is cardinal red", false],
])("%j is confidential: %j", (text, expected) => {
  expect(isSensitive(text)).toBe(expected);
});
