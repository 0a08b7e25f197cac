import { once } from "node:events";
import { expect, test } from "vitest";
import { startTimeLimit } from "./time-limit.ts";

test("the signal ends when the time is over, and says why", async () => {
  const limit = startTimeLimit(1);
  const alive = setInterval(() => {}, 1_000);
  await once(limit.signal, "abort");
  clearInterval(alive);
  expect(limit.isOver).toBe(true);
  expect(limit.signal.reason).toMatchObject({ name: "TimeoutError" });
});

test("the signal ends with the one that was given, for its reason; the time is not over then", () => {
  const outer = new AbortController();
  const limit = startTimeLimit(60_000, outer.signal);
  outer.abort(new Error("stopped"));
  expect(limit.signal.reason).toMatchObject({ message: "stopped" });
  expect(limit.isOver).toBe(false);
  expect(startTimeLimit(60_000, outer.signal).signal.aborted).toBe(true);
});

test("work that has ended is not aborted any more", () => {
  const outer = new AbortController();
  const limit = startTimeLimit(60_000, outer.signal);
  limit.end();
  outer.abort();
  expect(limit.signal.aborted).toBe(false);
});
