import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { createSseParser } from "./sse.ts";

interface Parsed {
  name: string;
  data: string;
  number: number;
}

const parse = (chunks: Iterable<string>) => {
  const events: Parsed[] = [];
  let comments = 0;
  const parser = createSseParser(
    (name, data, number) => events.push({ name, data, number }),
    () => comments++,
  );
  for (const chunk of chunks) parser.feed(chunk);
  parser.end();
  return { events, comments };
};

const decode = (chunks: Iterable<Uint8Array>): string[] => {
  const decoder = new TextDecoder();
  const texts = Array.from(chunks, (chunk) => decoder.decode(chunk, { stream: true }));
  return [...texts, decoder.decode()];
};

const event = (data: string, name = "message", number = Number.NaN): Parsed => ({ name, data, number });

const cases: [string, string, Parsed[]][] = [
  ["LF", "data: a\n\ndata: b\n\n", [event("a"), event("b")]],
  ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", [event("a"), event("b")]],
  ["CR", "data: a\r\rdata: b\r\r", [event("a"), event("b")]],
  ["mixed line ends", "event: x\r\ndata: a\n\rdata: b\r\n\n", [event("a", "x"), event("b")]],
  ["one space is removed, no more", "data:  a \n\n", [event(" a ")]],
  ["no space", "data:a\n\n", [event("a")]],
  ["several data lines", "data: a\ndata:\ndata: b\n\n", [event("a\n\nb")]],
  ["a data line without a colon", "data\ndata\n\n", [event("\n")]],
  [
    "the last name of a block counts",
    "event: x\nevent: y\ndata: a\n\ndata: b\n\n",
    [event("a", "y"), event("b")],
  ],
  [
    "the number and retry",
    "id: 7\nretry: 10\ndata: a\n\ndata: b\n\n",
    [event("a", "message", 7), event("b")],
  ],
  ["an id that is no number", "id: 1\0\ndata: a\n\nid: x1\ndata: b\n\n", [event("a"), event("b")]],
  ["an empty id", "id: 1\nid:\ndata: a\n\nid: 2\nid\ndata: b\n\n", [event("a"), event("b")]],
  ["a name without data", "event: done\n\n", [event("", "done")]],
  ["empty data", "data:\n\n", [event("")]],
  ["unknown fields and lines", "foo: bar\nbaz\ndata: a\n\n", [event("a")]],
  ["blank lines alone", "\n\n\r\n\n", []],
  ["comments", ": keepalive\n\n:\ndata: a\n\n", [event("a")]],
  ["a last event without its blank line", "data: a\n\ndata: b", [event("a"), event("b")]],
  ["a name at the end without data", "data: a\n\nevent: done", [event("a")]],
  ["a colon in the value", 'data: {"a": "b:c"}\n\n', [event('{"a": "b:c"}')]],
];

describe("server-sent events", () => {
  test.each(cases)("%s", (_, source, expected) => {
    expect(parse([source]).events).toEqual(expected);
  });

  test.each(cases)("%s, character by character", (_, source, expected) => {
    expect(parse(source).events).toEqual(expected);
  });

  test("a byte order mark is left out, and characters may be split anywhere", () => {
    const bytes = new TextEncoder().encode("\uFEFFdata: grüße 👋 世界\n\n");
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(parse(decode(single)).events).toEqual([event("grüße 👋 世界")]);
  });

  test("comments are counted as a sign of life", () => {
    expect(parse([": keepalive\n\n: keepalive\r\n\r\ndata: a\n\n"]).comments).toBe(2);
  });

  test("a long event in small chunks is searched in proportion to its length", () => {
    const length = 1 << 20;
    let searched = 0;
    for (const name of ["indexOf", "includes", "replaceAll"] as const) {
      const original = String.prototype[name];
      vi.spyOn(String.prototype, name).mockImplementation(function (this: string, ...args: unknown[]) {
        searched += this.length - Number(name === "replaceAll" ? 0 : (args[1] ?? 0));
        return Reflect.apply(original, this, args);
      });
    }
    const { events } = parse(["data: ", ...Array<string>(length / 1024).fill("x".repeat(1024)), "\n\n"]);
    vi.restoreAllMocks();
    expect(events[0]?.data).toHaveLength(length);
    // Searching all that has come with each chunk would be 512 times the length.
    expect(searched).toBeLessThan(4 * length);
  });

  test("an event without end is refused", () => {
    const parser = createSseParser(
      () => {},
      () => {},
      1 << 20,
    );
    const chunk = "x".repeat(1 << 16);
    expect(() => {
      for (let count = 0; count <= 16; count++) parser.feed(chunk);
    }).toThrow("is longer than");
  });
});

test("any chunking gives the same events", () => {
  const words = [
    "data: ",
    "data:",
    "event: x",
    "id: 1",
    "\uFEFF",
    ": note",
    "é👋世",
    "{}",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    " ",
  ];
  const word = fc.oneof(fc.constantFrom(...words), fc.string({ unit: "binary", maxLength: 4 }));
  const cuts = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), cuts, (parts, sizes) => {
      const bytes = new TextEncoder().encode(parts.join(""));
      const chunks: Uint8Array[] = [];
      for (let start = 0; start < bytes.length; ) {
        const size = sizes[chunks.length] ?? 1;
        chunks.push(bytes.subarray(start, start + size));
        start += size;
      }
      expect(parse(decode(chunks))).toEqual(parse(decode([bytes])));
    }),
    { numRuns: 500 },
  );
});
