import { expect, test } from "vitest";
import { createTally } from "./tally.ts";

test("sums of keys, the greatest first; it counts anew when it was cleared", () => {
  const tally = createTally(8);
  // Those of a table of sixteen that stand in one place of it, and those that no 32 bits hold.
  for (const key of [3, 19, 35, 2 ** 40 + 3, 4]) tally.add(key, 1);
  tally.add(19, 2);
  tally.add(2 ** 40 + 3, 1);
  expect([...tally.greatest(3)]).toEqual([
    [19, 3],
    [2 ** 40 + 3, 2],
    [35, 1],
  ]);
  expect(tally.greatest(9).size).toBe(5);

  tally.clear();
  tally.add(35, 1);
  expect([...tally.greatest(3)]).toEqual([[35, 1]]);
});

test("keys that there is no room for are left out, and the others still counted", () => {
  const tally = createTally(2);
  for (const key of [1, 2, 3, 2]) tally.add(key, 1);
  expect([...tally.greatest(9)]).toEqual([
    [2, 2],
    [1, 1],
  ]);
});
