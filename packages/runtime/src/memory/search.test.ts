import { expect, test } from "vitest";
import { codeOf, createCodes } from "./codes.ts";
import { createCompare } from "./distances.ts";
import { fuse } from "./search.ts";

test("what stands high in two rankings wins, and only rankings that find bring something in", () => {
  const ranking = (items: string[], weight = 1, finds = true) => ({ items, weight, finds });
  expect(fuse([ranking(["a", "b", "c"]), ranking(["d", "b"])])).toEqual(["b", "a", "d", "c"]);
  expect(fuse([ranking(["a", "b"]), ranking(["x", "b", "a"], 0.2, false)])).toEqual(["a", "b"]);
  expect(fuse([ranking(["x", "b", "a"], 0.2, false), ranking(["a"])])).toEqual(["a"]);
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
    vectors.map((vector, index) => ({ seq: index + 1, memorySeq: index + 100, code: codeOf(vector) })),
  );
  const near = (vectors[42] ?? new Float32Array()).map((value) => value + random());
  const found = codes.nearest(codeOf(near), 20);
  expect(found).toContain(142);
  expect(found.length).toBeGreaterThanOrEqual(20);
  expect(found.length).toBeLessThanOrEqual(40);

  // A memory that changed has a new code in its old place.
  codes.add([{ seq: 2_001, memorySeq: 142, code: codeOf(near.map((value) => -value)) }]);
  expect([codes.size, codes.lastSeq]).toEqual([2_000, 2_001]);
  expect(codes.nearest(codeOf(near), 20)).not.toContain(142);
});
