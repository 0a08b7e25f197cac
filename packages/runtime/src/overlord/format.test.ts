import { expect, test } from "vitest";
import type { Model } from "../models/index.ts";
import { shaped } from "./format.ts";

/** A model that makes nothing better. */
const stubborn: Model = {
  id: "test/stubborn",
  async *stream() {
    yield [{ type: "text", text: "still no JSON and no HTML <" }];
  },
};

const shapedAs = (format: "json" | "html", answer: string) =>
  shaped(format, answer, stubborn, { signal: new AbortController().signal, onUsage: () => {} });

test.each([
  "<p>Plums</p>",
  "<ul><li>One<br>two</li><li>Three</li></ul>",
  "<a title=\"1 > 0\" href='x'>x</a>",
  "<!-- a < b --><p>c</p>",
  "<!doctype html><html><body></body></html>",
  "<script>if (a < b) c();</script>",
  "<STYLE>p > a {}</style >",
  "<svg:path d='M0'/>",
])("%s is HTML", async (text) => {
  expect(await shapedAs("html", text)).toBe(text);
});

test.each([
  "no element",
  "<p>open",
  "<p></b>",
  "1 < 2",
  "<p>1 < 2</p>",
  "<p",
  '<a href="x>y</a>',
  "<!-- open",
  "<script>open",
  "<b><i></b></i>",
])("%s is not HTML, and is wrapped as text", async (text) => {
  expect(await shapedAs("html", text)).toMatch(/^<p>.*<\/p>$/);
});

test.each([
  ["html", "<a "],
  ["html", "<!--"],
  ["html", "<script>"],
  ["html", "<a b='"],
  ["html", "<p>"],
  ["json", "{"],
] as const)("what is no %s is found out in one pass, 300,000 times %s", async (format, piece) => {
  expect(await shapedAs(format, piece.repeat(300_000))).toMatch(/^(?:<p>|\{"content")/);
});
