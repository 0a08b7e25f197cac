import { inspect } from "node:util";

// Taken before any test can replace them: waiting goes on while a test holds its timers still.
const { clearTimeout, setImmediate, setTimeout } = globalThis;

type Met<Value> = Exclude<Value, false | null | undefined>;

const isMet = <Value>(value: Value): value is Met<Value> =>
  value !== false && value !== null && value !== undefined;

const isFailedExpectation = (error: unknown): error is Error =>
  error instanceof Error && error.name === "AssertionError";

const shown = (value: unknown): string => {
  const text = inspect(value, { depth: 4, breakLength: 100 });
  return text.length > 2_000 ? `${text.slice(0, 2_000)} …` : text;
};

/** Soon at first, since most of what is waited for is near; then every 10 ms. */
const pause = (looks: number): Promise<void> =>
  new Promise((resolve) => {
    if (looks <= 10) setImmediate(resolve);
    else setTimeout(resolve, Math.min(looks - 10, 10));
  });

/**
 * Looks again and again until something is so.
 *
 * @param what What is waited for, as a sentence without its end: the error of a wait in vain says it.
 * @param look Gives what was waited for. `false`, `undefined`, `null` and a failed `expect` mean: not yet. Any other
 *   error ends the wait.
 * @param limit In milliseconds. Less than what a test may take, so that the test says what it waited for.
 * @returns What `look` gave.
 * @throws When the limit has passed, with the last value or failed expectation.
 */
export const until = async <Value>(
  what: string,
  look: () => Value | Promise<Value>,
  limit = 30_000,
): Promise<Met<Value>> => {
  const failure = new Error();
  Error.captureStackTrace(failure, until);
  let last = "it has not been looked at to the end";
  let isOver = false;

  const found = async (): Promise<Met<Value>> => {
    for (let looks = 1; ; looks += 1) {
      try {
        const value = await look();
        if (isMet(value)) return value;
        last = `the last value was ${shown(value)}`;
      } catch (error) {
        if (!isFailedExpectation(error)) throw error;
        last = error.message;
      }
      await pause(looks);
      if (isOver) throw failure;
    }
  };

  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      failure.message = `Waited ${limit / 1_000} s in vain until ${what}: ${last}`;
      reject(failure);
    }, limit);
  });
  try {
    return await Promise.race([found(), expired]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
};

/** Waits until what is expected is so: its failure shows the last difference. Otherwise as `until`. */
export const untilExpected = async (
  what: string,
  expectation: () => unknown,
  limit?: number,
): Promise<void> => {
  const isFulfilled = async () => {
    await expectation();
    return true;
  };
  await until(what, isFulfilled, limit);
};
