import { expect, test } from "vitest";
import { binaryCodeOf, createCodes } from "./codes.ts";
import { createCompare } from "./distances.ts";
import { packed, similarity } from "./packed.ts";

test("the nearest of many vectors are among those that their codes choose", () => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const vectors = Array.from({ length: 2_000 }, () => Float32Array.from({ length: 600 }, random));
  const codes = createCodes(createCompare());
  codes.add(
    vectors.map((vector, index) => ({ seq: index + 1, id: index + 100, code: binaryCodeOf(vector) })),
  );
  const near = (vectors[42] ?? new Float32Array()).map((value) => value + random());
  const found = codes.nearest(near, 20);
  expect(found).toContain(142);
  expect(found.length).toBeGreaterThanOrEqual(20);
  expect(found.length).toBeLessThanOrEqual(40);

  // What changed has a new code in its old place.
  codes.add([{ seq: 2_001, id: 142, code: binaryCodeOf(near.map((value) => -value)) }]);
  expect([codes.size, codes.lastSeq]).toEqual([2_000, 2_001]);
  expect(codes.nearest(near, 20)).not.toContain(142);
});

test("a packed vector may lie anywhere in a buffer", () => {
  const vector = Float32Array.of(0.6, 0.8);
  const bytes = Buffer.concat([Buffer.alloc(1), packed(vector)]).subarray(1);
  expect(similarity(vector, bytes)).toBeCloseTo(1, 4);
});
