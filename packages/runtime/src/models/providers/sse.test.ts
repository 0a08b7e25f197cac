import { expect, test } from "vitest";
import { createSseReader, EventTooLargeError } from "./sse.ts";

const read = (pieces: Buffer[], limit?: number): string[] => {
  const events: string[] = [];
  const reader = createSseReader((data) => events.push(data), limit);
  for (const piece of pieces) reader.take(piece);
  reader.end();
  return events;
};

test.each([
  ["data: a\n\ndata: b\n\n", ["a", "b"]],
  ["data:a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
  ["data: first\ndata: second\n\n", ["first\nsecond"]],
  ["data\n\ndata:\n\n", ["", ""]],
  ["event: x\nid: 1\nretry: 5\ndata: a\n\n", ["a"]],
  [": a comment\n\ndata: a\n\n: another\n", ["a"]],
  ["\n\n\ndata:  two spaces\n\n", [" two spaces"]],
  ["data: cut off\n", []],
  ["data: cut", []],
  ['data: {"a":', []],
  ['data: {"whole":1}', ['{"whole":1}']],
  ["data: {}\n\ndata: [DONE]\n", ["{}", "[DONE]"]],
  ['data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n', ['{"a":1}', '{"b":2}', "[DONE]"]],
  ['data: {\ndata: "a": 1 }\n\n', ['{\n"a": 1 }']],
  ["\ufeffdata: a\n\ndata: b\n\n", ["a", "b"]],
  ['data: {"a":1}\r\rdata: {"b":2}\r\r', ['{"a":1}', '{"b":2}']],
])("reads %j", (text, events) => {
  expect(read([Buffer.from(text)])).toEqual(events);
});

/** A generator of numbers that gives the same ones for the same seed. */
const random = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

test("gives the same events however the bytes are cut", () => {
  const words = ["", "a", "Grüße", "🍎🍏", "data: x", "\\n", "{}", "日本語", ":", " "];
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(next() * items.length)];
    const expected: string[] = [];
    let stream = "";
    for (let event = 0; event < 8; event++) {
      const end = pick(["\n", "\r\n"]);
      const lines = Array.from({ length: 1 + Math.floor(next() * 3) }, () => `${pick(words)}${pick(words)}`);
      expected.push(lines.join("\n"));
      stream += `${pick(["", `: ping${end}`, `event: e${end}`])}${lines.map((line) => `data: ${line}${end}`).join("")}${end}`;
    }
    const bytes = Buffer.from(stream);
    const pieces: Buffer[] = [];
    for (let start = 0; start < bytes.length; ) {
      const end = start + 1 + Math.floor(next() * next() * 40);
      pieces.push(bytes.subarray(start, end));
      start = end;
    }
    expect(read(pieces)).toEqual(expected);
  }
});

test("takes one large event in many pieces", () => {
  const text = "x".repeat(4_000_000);
  const bytes = Buffer.from(`data: ${text}\n\n`);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, index) =>
    bytes.subarray(index * 100, (index + 1) * 100),
  );
  expect(read(pieces)).toEqual([text]);
});

test("refuses an event beyond the limit, in one line or in many", () => {
  expect(() => read([Buffer.from(`data: ${"x".repeat(50)}`)], 40)).toThrow(EventTooLargeError);
  expect(() => read(Array(10).fill(Buffer.from("data: 12345678\n")), 40)).toThrow(EventTooLargeError);
  expect(read(Array(10).fill(Buffer.from("data: 12345678\n\n")), 40)).toHaveLength(10);
});
