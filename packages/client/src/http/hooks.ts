import type { MuxiError } from "../errors/errors.ts";

/** One attempt of a call, as hooks see it. It holds no key. */
export interface Attempt {
  /** HTTP method. */
  method: string;
  /** Address with its query. */
  url: string;
  /** Number of the attempt, counted from 1. */
  attempt: number;
}

/** An attempt whose headers have come. */
export interface AttemptResponse extends Attempt {
  /** HTTP status. */
  status: number;
  /** Headers of the response. */
  headers: Headers;
  /** Milliseconds from sending to the headers. */
  milliseconds: number;
}

/** An attempt that failed and is made again. */
export interface AttemptRetry extends Attempt {
  /** Why it failed. */
  error: MuxiError;
  /** Milliseconds until the next attempt. */
  delay: number;
}

/** Functions that watch every attempt. What they throw fails the call. */
export interface Hooks {
  /** The attempt is about to be sent. */
  onRequest?: ((attempt: Attempt) => void) | undefined;
  /** The headers have come; leave the body to the call. */
  onResponse?: ((attempt: AttemptResponse) => void) | undefined;
  /** The attempt failed and is made again. */
  onRetry?: ((attempt: AttemptRetry) => void) | undefined;
}

/** The hooks of the option `debug`: one line per attempt, without headers, bodies or keys. */
export const debugHooks = (log: (line: string) => void): Hooks => ({
  onResponse: ({ method, url, attempt, status, milliseconds }) =>
    log(`[muxi] ${method} ${url} (attempt ${attempt}) ${status} after ${Math.round(milliseconds)} ms`),
  onRetry: ({ method, url, error, delay }) =>
    log(`[muxi] ${method} ${url} again in ${Math.round(delay)} ms: ${error.code} ${error.message}`),
});
