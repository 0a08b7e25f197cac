import { ConfigurationError } from "../errors/index.ts";
import { headerValue, optionalHeader, requireKnown } from "./arguments.ts";
import type { StreamOptions } from "./send.ts";

/** Timers with a longer delay fire at once. */
const longestTimer = 2 ** 31 - 1;

/** Options whose values are numbers. */
export const numbers = ["timeout", "idleTimeout", "maxRetries"] as const;

/** Throws when a number or a header cannot be used. */
export const checkLimits = (options: StreamOptions) => {
  for (const name of numbers) {
    const value = options[name] ?? 0;
    const isOne = name === "maxRetries" ? Number.isInteger : Number.isFinite;
    if (!isOne(value) || value < 0 || value > longestTimer)
      throw new ConfigurationError(name, `must be 0 to ${longestTimer}, not ${value}`);
  }
  for (const value of Object.values(options.headers ?? {})) headerValue("headers", value);
};

/** Throws when the last argument of a call cannot be used. */
export const checkCallOptions = (options: StreamOptions): void => {
  const { signal, idempotencyKey } = options;
  requireKnown(options, ["signal", "idempotencyKey", "headers", ...numbers]);
  checkLimits(options);
  optionalHeader("idempotencyKey", idempotencyKey);
  // Not by its class: test environments may have a class of their own.
  if (signal && typeof signal.aborted !== "boolean")
    throw new ConfigurationError("signal", "must be an AbortSignal");
};
