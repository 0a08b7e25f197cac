import { expect, it } from "vitest";
import { type Framing, scanBody } from "./framing.ts";

const chunked = (): Framing => ({ kind: "chunked", part: "size", left: 0, line: "" });

/** What is passed on of a body that comes in pieces, and how many bytes of it were read. */
const read = (framing: Framing, pieces: readonly string[]) => {
  let passed = "";
  let total = 0;
  for (const piece of pieces) {
    // The body does not begin where the buffer does, nor end there.
    const bytes = Buffer.from(`head${piece}tail`, "latin1");
    const { end, done, read } = scanBody(framing, bytes, 4, 4 + piece.length);
    passed += bytes.toString("latin1", 4, end);
    total += read - 4;
    if (done) return { passed, total, done };
  }
  return { passed, total, done: false };
};

const body = "5\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n";

it("finds the end of chunks wherever they are cut", () => {
  const whole = `${body}\r\n`;
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      const { passed, total, done } = read(chunked(), pieces);
      expect({ passed, total, done }, JSON.stringify(pieces)).toEqual({
        passed: body,
        total: whole.length,
        done: true,
      });
    }
  }
});

it("takes the content out of its framing", () => {
  const whole = `5;a=b\r\nhello\r\n1A \r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n`;
  for (let cut = 0; cut <= whole.length; cut++) {
    const framing = chunked();
    let content = "";
    for (const piece of [whole.slice(0, cut), whole.slice(cut)]) {
      const bytes = Buffer.from(piece, "latin1");
      scanBody(framing, bytes, 0, bytes.length, (from, to) => {
        content += bytes.toString("latin1", from, to);
      });
    }
    expect(content).toBe("helloabcdefghijklmnopqrstuvwxyz");
  }
});

it("leaves out trailers, and what comes after the end", () => {
  for (const rest of ["X-Trailer: 1\r\nX-Other: 2\r\n\r\n", "\r\nHTTP/1.1 200 OK"]) {
    const { passed, done } = read(chunked(), [...`${body}${rest}`]);
    expect({ passed, done }).toEqual({ passed: body, done: true });
  }
});

it("counts a length", () => {
  expect(read({ kind: "length", left: 5 }, ["he", "lloHTTP"])).toEqual({
    passed: "hello",
    total: 5,
    done: true,
  });
  expect(read({ kind: "length", left: 0 }, ["HTTP"])).toEqual({ passed: "", total: 0, done: true });
  expect(read({ kind: "length", left: 6 }, ["hello"]).done).toBe(false);
});

it.each(["x\r\n", "\r\n", "-1\r\n", "0x5\r\n", "5\n", "3\r\nhello\r\n", "1".repeat(20)])(
  "refuses %j",
  (text) => {
    expect(() => read(chunked(), [`${text}\r\n`, "\r\n"])).toThrow("The response has");
  },
);

it("refuses a line that never ends", () => {
  expect(() => read(chunked(), new Array<string>(100).fill("1".repeat(100)))).toThrow("a line without end");
});
