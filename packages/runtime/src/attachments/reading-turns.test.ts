import { expect, test } from "vitest";
import { userLimits } from "../base/index.ts";
import { createReadingTurns } from "./reading-turns.ts";

const never = () => new Promise<string>(() => {});

test("whoever has left keeps no place among those that wait", async () => {
  const inTurn = createReadingTurns();
  void inTurn("ann", undefined, never);
  const left = new AbortController();
  const waiting = Array.from({ length: userLimits.documentsWaiting.most }, () =>
    inTurn("ann", left.signal, never),
  );
  await expect(inTurn("ann", undefined, never)).rejects.toMatchObject({ code: "RATE_LIMITED" });
  left.abort(new Error("The caller has left"));
  const outcomes = await Promise.allSettled(waiting);
  expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
  const next = inTurn("ann", undefined, never);
  const outcome = await Promise.race([next, new Promise((resolve) => setImmediate(resolve, "waits"))]);
  expect(outcome).toBe("waits");
  expect(await inTurn("bob", undefined, async () => "read")).toBe("read");
});

test("work that has begun goes on when its caller leaves, and the next one follows it", async () => {
  const inTurn = createReadingTurns();
  const left = new AbortController();
  let end = (_: string) => {};
  const reading = new Promise<string>((resolve) => {
    end = resolve;
  });
  const first = inTurn("ann", left.signal, () => reading);
  const second = inTurn("ann", undefined, async () => "second");
  await Promise.resolve();
  left.abort(new Error("The caller has left"));
  end("first");
  expect(await Promise.all([first, second])).toEqual(["first", "second"]);
});
