import { ConfigurationError } from "../errors/index.ts";
import { requireText } from "./arguments.ts";
import { debugHooks, type Hooks } from "./hooks.ts";
import { type Limits, limitsOf, numbers } from "./limits.ts";
import { identity } from "./platform.ts";
import { type Fetch, type Http, jsonInit } from "./send.ts";

/** Options of both clients. */
export interface TransportOptions {
  /**
   * Milliseconds for a call: all attempts, the waits between them and the body; for a stream until its headers.
   * Default 30,000; 0: no limit.
   */
  timeout?: number | undefined;
  /** How often a failed attempt is repeated. Default 0. */
  maxRetries?: number | undefined;
  /** Milliseconds without any data after which a stream counts as dead. Default 30,000; 0: no limit. */
  idleTimeout?: number | undefined;
  /** Milliseconds for which a stream that was cut tries to resume. Default 300,000; 0: not at all. */
  resumeTimeout?: number | undefined;
  /**
   * Bytes of a response that are read at most, after it was decompressed; of a stream, characters of an event and of the
   * text that `final()` collects. Default 67,108,864 (64 MB); for downloads 2,147,483,647; 0: no limit.
   */
  maxResponseSize?: number | undefined;
  /** Logs one line per attempt to standard error. Default: whether the environment has `MUXI_DEBUG`. */
  debug?: boolean | undefined;
  /** Used instead of the global `fetch`. */
  fetch?: Fetch | undefined;
  /** Functions that observe every attempt. */
  hooks?: Hooks | undefined;
  /** Headers to send with every call. */
  headers?: Record<string, string> | undefined;
}

export const transportOptions = [...numbers, "debug", "fetch", "hooks", "headers"] as const;

/** A variable of the environment. Undefined when it is empty or there is no environment. */
export const environment = (name: string): string | undefined =>
  (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name] ||
  undefined;

/** An absolute HTTP URL without trailing slashes. */
export const requireUrl = (name: string, value: string): string => {
  const text = requireText(name, value).trim();
  // The message does not repeat what may contain a password.
  if (!/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/i.test(text) || !URL.canParse(text))
    throw new ConfigurationError(name, "must be like https://host:port/path");
  return text.replace(/\/+$/, "");
};

/** What all calls and streams of one client share. */
export type Transport = Http & Limits;

/** Checks the options and applies the defaults (docs/spec/formation-api.md "Client configuration"). */
export const createTransport = (baseUrl: string, options: TransportOptions): Transport => {
  const { debug = environment("MUXI_DEBUG"), hooks, fetch: custom } = options;
  if (custom && typeof custom !== "function") throw new ConfigurationError("fetch", "must be a function");
  return {
    baseUrl,
    // Looked up at each call, so that a global fetch that is replaced later, as tests do, takes effect.
    fetch: custom ?? ((url, init) => fetch(url, init)),
    headers: { ...identity(), ...options.headers },
    ...limitsOf(options),
    hooks: debug ? [hooks, debugHooks] : [hooks],
    init: jsonInit,
    flat: false,
  };
};
