import { expect, test } from "vitest";
import { LruMap } from "./lru-map.ts";

test("the entry used longest ago makes room", () => {
  const evicted: number[] = [];
  const map = new LruMap<string, number>({ most: 2, onEvicted: (value) => evicted.push(value) });
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
  map.set("a", 4);
  map.set("d", 5);
  expect(evicted).toEqual([2, 3]);
  expect(map.values()).toEqual([4, 5]);
});

test("an entry is forgotten after its time, however often it is used", () => {
  let now = 1_000;
  const map = new LruMap<string, number>({ most: 2, ttl: 100, now: () => now });
  map.set("a", 1);
  now += 99;
  expect(map.get("a")).toBe(1);
  now += 1;
  expect(map.get("a")).toBeUndefined();
});
