import { expect, test } from "vitest";
import { createPlaces } from "./places.ts";

const { signal } = new AbortController();

/** Work that ends when the test says so. */
const held = () => {
  let end = () => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { until, end: () => end() };
};

test("no more work than there are places is done at a time, the rest in its order", async () => {
  const places = createPlaces(2);
  const begun: number[] = [];
  const works = [held(), held(), held(), held()];
  const all = works.map(({ until }, number) =>
    places.within(signal, () => {
      begun.push(number);
      return until;
    }),
  );
  expect(begun).toEqual([0, 1]);
  works[1]?.end();
  await all[1];
  expect(begun).toEqual([0, 1, 2]);
  for (const { end } of works) end();
  await Promise.all(all);
  expect(begun).toEqual([0, 1, 2, 3]);
});

test("work that fails gives its place back", async () => {
  const places = createPlaces(1);
  await expect(places.within(signal, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await places.within(signal, async () => "yes")).toBe("yes");
});

test("who is not wanted any more waits no longer, and takes no place", async () => {
  const places = createPlaces(1);
  const first = held();
  const running = places.within(signal, () => first.until);
  const stop = new AbortController();
  const given = places.within(stop.signal, async () => "never");
  const next = places.within(signal, async () => "next");
  stop.abort(new Error("left"));
  await expect(given).rejects.toThrow("left");
  first.end();
  await running;
  expect(await next).toBe("next");
});
