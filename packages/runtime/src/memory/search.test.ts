import { expect, test } from "vitest";
import { binaryCodeOf, createCodes } from "./codes.ts";
import { createCompare } from "./distances.ts";
import { packed, similarity } from "./packed.ts";
import { inOrder } from "./search.ts";

test("what stands high by words and by meaning wins; what is newer or matters more comes first among equals", () => {
  const memory = (seq: number, more: { updatedAt?: number; importance?: number } = {}) => ({
    seq,
    subject: `s${seq}`,
    content: "some words",
    importance: 0.5,
    updatedAt: 1,
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

test("the nearest of many vectors are among those that their codes choose", () => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const vectors = Array.from({ length: 2_000 }, () => Float32Array.from({ length: 600 }, random));
  const codes = createCodes(createCompare());
  codes.add(
    vectors.map((vector, index) => ({ seq: index + 1, memorySeq: index + 100, code: binaryCodeOf(vector) })),
  );
  const near = (vectors[42] ?? new Float32Array()).map((value) => value + random());
  const found = codes.nearest(near, 20);
  expect(found).toContain(142);
  expect(found.length).toBeGreaterThanOrEqual(20);
  expect(found.length).toBeLessThanOrEqual(40);

  // A memory that changed has a new code in its old place.
  codes.add([{ seq: 2_001, memorySeq: 142, code: binaryCodeOf(near.map((value) => -value)) }]);
  expect([codes.size, codes.lastSeq]).toEqual([2_000, 2_001]);
  expect(codes.nearest(near, 20)).not.toContain(142);
});

test("a packed vector may lie anywhere in a buffer", () => {
  const vector = Float32Array.of(0.6, 0.8);
  const bytes = Buffer.concat([Buffer.alloc(1), packed(vector)]).subarray(1);
  expect(similarity(vector, bytes)).toBeCloseTo(1, 4);
});
