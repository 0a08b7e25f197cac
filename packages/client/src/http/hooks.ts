import type { MuxiError } from "../errors/errors.ts";

/** One attempt of a call, as hooks see it. It holds no key. */
export interface Attempt {
  method: string;
  url: string;
  /** From 1. */
  attempt: number;
}

/** Functions that watch every attempt. What they throw fails the call. */
export interface Hooks {
  /** The attempt is about to be sent. */
  onRequest?: ((attempt: Attempt) => void) | undefined;
  /** The headers have come; leave the body to the call. */
  onResponse?:
    | ((attempt: Attempt & { status: number; headers: Headers; milliseconds: number }) => void)
    | undefined;
  /** The attempt failed and is made again after `delay` milliseconds. */
  onRetry?: ((attempt: Attempt & { error: MuxiError; delay: number }) => void) | undefined;
}

/** The hooks of the option `debug`: one line per attempt, without headers, bodies or keys. */
export const debugHooks = (log: (line: string) => void): Hooks => ({
  onResponse: ({ method, url, attempt, status, milliseconds }) =>
    log(`[muxi] ${method} ${url} (attempt ${attempt}) ${status} after ${Math.round(milliseconds)} ms`),
  onRetry: ({ method, url, error, delay }) =>
    log(`[muxi] ${method} ${url} again in ${Math.round(delay)} ms: ${error.code} ${error.message}`),
});
