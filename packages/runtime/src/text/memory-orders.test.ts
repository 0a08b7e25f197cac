import { expect, test } from "vitest";
import { memoryOrderIn, speaksOfMemory } from "./memory-orders.ts";

test.each([
  ["Forget what I said about my dog.", { order: "forget", about: "my dog" }],
  ["please forget everything I told you about Porto", { order: "forget", about: "Porto" }],
  ["Can you forget that I live in Porto?", { order: "forget", about: "I live in Porto" }],
  ["Delete what you know about my sister", { order: "forget", about: "my sister" }],
  ["Vergiss, was ich über Porto gesagt habe", { order: "forget", about: "Porto" }],
  ["Oublie ce que j'ai dit sur Porto", { order: "forget", about: "Porto" }],
  ["Olvida lo que dije sobre Oporto", { order: "forget", about: "Oporto" }],
  ["Forget everything you know about me", { order: "forget", all: true }],
  ["Forget everything", { order: "forget", all: true }],
  ["What do you know about me?", { order: "list" }],
  ["Was weißt du über mich?", { order: "list" }],
])("%j is an order", (message, order) => {
  expect(memoryOrderIn(message)).toEqual(order);
  expect(speaksOfMemory(message) || message.startsWith("Delete")).toBe(true);
});

test.each([
  "Forget it",
  "Delete the file",
  "I forgot my umbrella",
  "What do you know about apples?",
  "forget",
])("%j is none", (message) => expect(memoryOrderIn(message)).toBeUndefined());
