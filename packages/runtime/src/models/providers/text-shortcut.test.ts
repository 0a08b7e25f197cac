import { expect, test } from "vitest";
import { TextShortcut } from "./text-shortcut.ts";

const event = (content: string, id = "1") =>
  JSON.stringify({ id, choices: [{ delta: { content }, finish_reason: null }], usage: null });

test("reads the text of an event that is like the learnt one", () => {
  const shortcut = new TextShortcut("content");
  expect(shortcut.read(event("a"))).toBeUndefined();
  shortcut.learn(event("a"), "a");
  for (const text of ["b", "", "Grüße 🍎", "}", "a".repeat(1000)])
    expect(shortcut.read(event(text))).toBe(text);
});

test("leaves to the parser what it cannot be sure of", () => {
  const shortcut = new TextShortcut("content");
  shortcut.learn(event("a"), "a");
  for (const text of ['"', "\\", "\n", '","role":"x', "\u0001"])
    expect(shortcut.read(event(text))).toBeUndefined();
  expect(shortcut.read(event("b", "2"))).toBeUndefined();
  expect(shortcut.read(event("b").replace("null}]", '"stop"}]'))).toBeUndefined();
  expect(shortcut.read(event("b").replace('"content":"b"', '"content":null'))).toBeUndefined();
  expect(shortcut.read("[DONE]")).toBeUndefined();
  expect(shortcut.read("")).toBeUndefined();
});

test("reads what Python writes, with a space after the colon", () => {
  const shortcut = new TextShortcut("content");
  const spaced = (content: string) => `{"delta": {"content": "${content}"}, "finish_reason": null}`;
  shortcut.learn(spaced("a"), "a");
  expect(shortcut.read(spaced("b"))).toBe("b");
});

test("does not learn from an event in which the field stands twice", () => {
  const shortcut = new TextShortcut("content");
  const twice = (content: string) => `{"content":"a","delta":{"content":"${content}"}}`;
  shortcut.learn(twice("a"), "a");
  expect(shortcut.read(twice("b"))).toBeUndefined();
});

test("stops to learn when every event is different", () => {
  const shortcut = new TextShortcut("content");
  for (let id = 0; id < 20; id++) shortcut.learn(event("a", `${id}`), "a");
  expect(shortcut.read(event("b", "19"))).toBeUndefined();
  expect(shortcut.read(event("b", "7"))).toBe("b");
});
