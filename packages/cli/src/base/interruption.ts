const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
  /** Aborts on Ctrl+C, on a request to end, and when the terminal is closed. */
  signal: AbortSignal;
  /** Gives the signals their usual effect back. */
  release(): void;
}

/**
 * Turns signals into an abort. Those that come during the clean-up are ignored: npm passes a Ctrl+C on that the
 * terminal has already delivered, and the second one would leave the server behind.
 */
export const catchInterruption = (): Interruption => {
  const controller = new AbortController();
  const onSignal = () => controller.abort();
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
};
