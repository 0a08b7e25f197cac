import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { createWorker, type WorkerOptions } from "./worker.ts";

const log = pino({ level: "silent" });

const workerOf = (look: WorkerOptions["look"], options: Partial<WorkerOptions> = {}) => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return createWorker({ what: "testing", look, gather: 200, pauseAfterFailure: 30_000, log, ...options });
};

test("work that comes while the next look is far away is done soon", async () => {
  const look = vi.fn(async () => 300_000);
  const worker = workerOf(look);
  worker.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(1);
  worker.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(2);
});

test("work that comes while other work is done is done after it", async () => {
  let finish = () => {};
  const look = vi.fn(
    () =>
      new Promise<number>((resolve) => {
        finish = () => resolve(300_000);
      }),
  );
  const worker = workerOf(look);
  worker.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  worker.wake();
  finish();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(2);
});

test("a next look that is farther away than a timer can wait is not taken at once", async () => {
  const look = vi.fn(async () => 40 * 86_400_000);
  workerOf(look).wake();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(look).toHaveBeenCalledTimes(1);
});

test("after a failure nothing is begun for half a minute, however much comes", async () => {
  const look = vi.fn(async () => {
    throw new Error("the model is away");
  });
  const worker = workerOf(look);
  worker.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  worker.wake();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(look).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(look).toHaveBeenCalledTimes(2);
});

test("without a time to gather, a look begins at once", () => {
  const look = vi.fn(async () => undefined);
  workerOf(look, { gather: 0 }).wake();
  expect(look).toHaveBeenCalledTimes(1);
});

test("it looks when a look has said so, and otherwise as often as it must", async () => {
  const times = [2_000, undefined, 60_000];
  const look = vi.fn(async () => times.shift());
  workerOf(look, { gather: 0, every: 10_000 }).wake();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(look).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(look).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(look).toHaveBeenCalledTimes(4);
});

test("closing waits for the look under way, which is told, and begins no other", async () => {
  const ended: string[] = [];
  const look = vi.fn(
    (signal: AbortSignal) =>
      new Promise<undefined>((_, reject) => {
        signal.addEventListener("abort", () => {
          ended.push("look");
          reject(signal.reason);
        });
      }),
  );
  const worker = workerOf(look, { gather: 0, every: 1_000 });
  worker.wake();
  worker.wake();
  await worker.close();
  expect(ended).toEqual(["look"]);
  worker.wake();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(look).toHaveBeenCalledTimes(1);
});
