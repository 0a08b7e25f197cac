import { expect, test } from "vitest";
import { createMessageMeter, type MessageEnd } from "./message-meter.ts";

const many = "[],".repeat(150_000);
const half = "[],".repeat(100_000);

/** What is too much of it, in whatever pieces it comes. */
const excessOf = (end: MessageEnd, text: string): string | undefined => {
  const meter = createMessageMeter(end);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 65_521) {
    const excess = meter.excessAfter(bytes.subarray(at, at + 65_521));
    if (excess !== undefined) return excess;
  }
  return undefined;
};

test.each<[string, MessageEnd, string, string | undefined]>([
  ["very many values", "end", many + many, "500000 values"],
  ["what stands in strings", "end", JSON.stringify(many + many), undefined],
  ["quotes in strings", "end", JSON.stringify(`"${half}\\`).repeat(3), undefined],
  ["lines that have few", "line", `${many}\n${many}\n`, undefined],
  ["lines of one event", "blank line", `${many}\ndata: ${many}`, "500000 values"],
  ["events that have few", "blank line", `data: ${many}\r\n\r\ndata: ${many}\r\n\r\n`, undefined],
  ["very many bytes", "end", "x".repeat(10 * 2 ** 20 + 1), "10485760 bytes"],
  ["as many bytes as may be, twice", "line", `${"x".repeat(10 * 2 ** 20 - 1)}\n`.repeat(2), undefined],
])("%s", (_, end, text, excess) => {
  expect(excessOf(end, text)).toBe(excess);
});
