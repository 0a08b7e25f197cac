import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { createBackground } from "./background.ts";

const backgroundOf = (work: () => Promise<number | undefined>) => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return createBackground({ work, what: "testing", log: pino({ level: "silent" }) });
};

test("work that comes while the next look is far away is done soon", async () => {
  const work = vi.fn(async () => 300_000);
  const background = backgroundOf(work);
  background.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(work).toHaveBeenCalledTimes(1);
  background.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(work).toHaveBeenCalledTimes(2);
});

test("work that comes while other work is done is done after it", async () => {
  let finish = () => {};
  const work = vi.fn(
    () =>
      new Promise<number>((resolve) => {
        finish = () => resolve(300_000);
      }),
  );
  const background = backgroundOf(work);
  background.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  background.wake();
  finish();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(work).toHaveBeenCalledTimes(2);
});

test("after a failure nothing is begun for half a minute, however much comes", async () => {
  const work = vi.fn(async () => {
    throw new Error("the model is away");
  });
  const background = backgroundOf(work);
  background.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  background.wake();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(work).toHaveBeenCalledTimes(2);
});
