import { ConfigurationError } from "./errors/errors.ts";
import { headerValue, requireText } from "./http/arguments.ts";
import { debugHooks, type Hooks } from "./http/hooks.ts";
import { requireMilliseconds } from "./http/lifetime.ts";
import { identity } from "./http/platform.ts";
import type { Fetch, Http } from "./http/send.ts";

/** Options that both clients take. */
export interface TransportOptions {
  /** Milliseconds for a call: all attempts, waits and the body. For a stream until its headers. 0: no limit. */
  timeout?: number | undefined;
  /** Attempts after the first one. Default 0. */
  maxRetries?: number | undefined;
  /** Milliseconds of silence after which a stream is taken for dead. Default 30,000; 0: no limit. */
  idleTimeout?: number | undefined;
  /** Logs a line per attempt to the console. Also on when the environment has `MUXI_DEBUG`. */
  debug?: boolean | undefined;
  /** In place of the global `fetch`. */
  fetch?: Fetch | undefined;
  /** Functions that watch every attempt. */
  hooks?: Hooks | undefined;
  /** Headers to send with every call. */
  headers?: Record<string, string> | undefined;
}

export const transportOptions = [
  "timeout",
  "maxRetries",
  "idleTimeout",
  "debug",
  "fetch",
  "hooks",
  "headers",
] as const;

export type Environment = Record<string, string | undefined>;

/** The process's environment, or an empty one where there is no process. */
export const environment = (): Environment =>
  (globalThis as { process?: { env?: Environment } }).process?.env ?? {};

/** Throws when an option is not one of `known`. */
export const requireKnown = (options: object, known: readonly string[]): void => {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new ConfigurationError(name, `unknown option; there are ${known.join(", ")}`);
    }
  }
};

/** An absolute HTTP URL without the slashes at its end. */
export const requireUrl = (name: string, value: string): string => {
  const text = requireText(name, value).trim();
  if (!/^https?:/i.test(text) || !URL.canParse(text)) {
    throw new ConfigurationError(name, `"${text}" is not a URL such as http://127.0.0.1:7890`);
  }
  const { username, password, search, hash } = new URL(text);
  if (username || password || search || hash) {
    throw new ConfigurationError(name, "must not hold user name, password, query or fragment");
  }
  return text.replace(/\/+$/, "");
};

/** The trimmed key, or undefined when none is given. */
export const optionalKey = (name: string, value: string | undefined): string | undefined =>
  value === undefined ? undefined : headerValue(name, value);

const requireCount = (name: string, value: number): number => {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new ConfigurationError(name, "must be a whole number, 0 or more");
};

const defaultTimeout = 30_000;

export interface Transport extends Http {
  idleTimeout: number;
}

/** Checks the options and fills in the defaults of contract/formation-api.md 1.1. */
export const createTransport = (baseUrl: string, options: TransportOptions, env: Environment): Transport => {
  const debug = options.debug ?? Boolean(env.MUXI_DEBUG);
  const { fetch: custom } = options;
  return {
    baseUrl,
    // Called through a function of its own so that a fetch that is replaced later, as tests do, takes effect.
    fetch: custom ?? ((url, init) => fetch(url, init)),
    headers: { ...identity(), ...options.headers },
    timeout: requireMilliseconds("timeout", options.timeout ?? defaultTimeout),
    idleTimeout: requireMilliseconds("idleTimeout", options.idleTimeout ?? defaultTimeout),
    maxRetries: requireCount("maxRetries", options.maxRetries ?? 0),
    hooks: [
      ...(options.hooks ? [options.hooks] : []),
      // Standard error, because programs print results on standard output.
      ...(debug ? [debugHooks((line) => console.error(line))] : []),
    ],
    errorIsCode: false,
  };
};
