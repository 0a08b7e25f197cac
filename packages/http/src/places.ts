/** Limits how much of something is done at the same time; the rest waits in its order. */
export interface Places {
  /**
   * Does the work once there is a place for it.
   *
   * @throws The reason of the signal, when that ends the wait; whatever the work throws
   */
  within<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

/** @param most Places. */
export const createPlaces = (most: number): Places => {
  let taken = 0;
  const waiting = new Set<() => void>();

  const free = () => {
    taken -= 1;
    const [next] = waiting;
    next?.();
  };

  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        leave();
        // Taken at once: what comes meanwhile must not get this place.
        taken += 1;
        resolve();
      };
      const stop = () => {
        leave();
        reject(signal?.reason);
      };
      const leave = () => {
        waiting.delete(begin);
        signal?.removeEventListener("abort", stop);
      };
      waiting.add(begin);
      signal?.addEventListener("abort", stop, { once: true });
    });

  return {
    async within(signal, work) {
      signal?.throwIfAborted();
      if (taken < most) taken += 1;
      else await turn(signal);
      try {
        return await work();
      } finally {
        free();
      }
    },
  };
};
