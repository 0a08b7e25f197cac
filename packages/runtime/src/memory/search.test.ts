import { expect, test } from "vitest";
import { inOrder } from "./search.ts";

test("what stands high by words and by meaning wins; what is newer or matters more comes first among equals", () => {
  const memory = (seq: number, more: { updatedAt?: number; importance?: number } = {}) => ({
    seq,
    subject: `s${seq}`,
    content: "some words",
    importance: 0.5,
    updatedAt: 1,
    pinned: 0,
    expiresAt: null,
    ...more,
  });
  const order = (...found: Parameters<typeof inOrder>) => inOrder(...found).map(({ seq }) => seq);
  const four = [memory(1), memory(2), memory(3), memory(4)];
  const scores = new Map([
    [1, 3],
    [2, 2],
    [3, 1],
  ]);
  expect(order(four, scores, [4, 2])).toEqual([2, 4, 1, 3]);
  const equal = new Map([
    [1, 1],
    [2, 1],
  ]);
  expect(order([memory(1, { updatedAt: 9 }), memory(2)], equal, [])).toEqual([1, 2]);
  expect(order([memory(1, { importance: 0.9 }), memory(2), memory(3)], new Map(), [])).toEqual([3, 1, 2]);
  expect(order([], new Map(), [7])).toEqual([]);
});
