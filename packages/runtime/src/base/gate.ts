/** Does work when it is its turn: some at a time, in the order in which it came. */
export type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** @param atOnce How much work goes on at a time. */
export const createGate = (atOnce: number): Gate => {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
};
