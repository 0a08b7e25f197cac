import { ConfigurationError } from "../errors/index.ts";
import { headerValue, optionalHeader, requireKnown } from "./arguments.ts";
import { longestTimer } from "./retry.ts";
import type { StreamOptions } from "./send.ts";

/** Names of the options that are numbers. */
export const numbers = ["timeout", "idleTimeout", "resumeTimeout", "maxRetries", "maxResponseSize"] as const;

/** Values of the options that are numbers. */
export type Limits = Record<(typeof numbers)[number], number>;

/** Options whose values are numbers, with their defaults (docs/spec/formation-api.md "Client configuration"). */
const defaults: Limits = {
  timeout: 30_000,
  idleTimeout: 30_000,
  resumeTimeout: 300_000,
  maxRetries: 0,
  maxResponseSize: 64 * 1024 * 1024,
};

/** The numbers of the options, or else those of `others`. Throws when a number or a header cannot be used. */
export const limitsOf = (options: StreamOptions, others: Limits = defaults): Limits => {
  const limits = { ...others };
  for (const name of numbers) {
    const value = options[name] ?? others[name];
    const isOne = name === "maxRetries" ? Number.isInteger : Number.isFinite;
    if (!isOne(value) || value < 0 || value > longestTimer)
      throw new ConfigurationError(name, `must be 0 to ${longestTimer}, not ${value}`);
    limits[name] = value;
  }
  for (const value of Object.values(options.headers ?? {})) headerValue("headers", value);
  return limits;
};

/** Throws when the last argument of a call cannot be used. */
export const checkCallOptions = (options: StreamOptions): void => {
  const { signal, idempotencyKey } = options;
  requireKnown(options, ["signal", "idempotencyKey", "headers", ...numbers]);
  limitsOf(options);
  optionalHeader("idempotencyKey", idempotencyKey);
  // Not by its class: test environments may have a class of their own.
  if (signal && typeof signal.aborted !== "boolean")
    throw new ConfigurationError("signal", "must be an AbortSignal");
};
