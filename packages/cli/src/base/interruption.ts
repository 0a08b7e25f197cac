const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
  /** Aborts on Ctrl+C, on SIGTERM, and when the terminal is closed. */
  signal: AbortSignal;
  /** Restores the signals' default effect. */
  release(): void;
}

/**
 * Turns signals into an abort. Further signals during the clean-up are ignored: npm forwards a Ctrl+C that the
 * terminal has already delivered, and the second one would leave the server running.
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
