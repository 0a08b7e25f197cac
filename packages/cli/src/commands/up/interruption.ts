const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
  /** Aborts on Ctrl+C, on a request to end, and when the terminal is closed. */
  signal: AbortSignal;
  /** Gives the signals their usual effect back. */
  release(): void;
}

/** Turns the first signal into an abort. The second one ends the process at once, should the clean-up hang. */
export const catchInterruption = (): Interruption => {
  const controller = new AbortController();
  const release = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  const onSignal = () => {
    release();
    controller.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, release };
};
