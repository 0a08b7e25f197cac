import { expect, test } from "vitest";
import { createRateLimit } from "./rate-limit.ts";

test("a clock that is set back neither refuses calls nor stops the refill", () => {
  let now = Date.parse("2026-11-24T10:00:00Z");
  const check = createRateLimit(2, () => now);
  const call = () => check("client", "ann");
  call();
  now -= 3_600_000;
  call();
  now -= 3_600_000;
  expect(call).toThrow(/More than 2 calls a minute/);
  now += 30_000;
  call();
});
