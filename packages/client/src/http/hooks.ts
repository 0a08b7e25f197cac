import type { MuxiError } from "../errors/index.ts";

/** One attempt of a call, as hooks see it. It contains no key. */
export interface Attempt {
  /** HTTP method. */
  method: string;
  /** Address with its query. */
  url: string;
  /** Number of the attempt, counted from 1. */
  attempt: number;
}

/** An attempt whose response headers have arrived. */
export interface AttemptResponse extends Attempt {
  /** HTTP status. */
  status: number;
  /** Headers of the response. */
  headers: Headers;
  /** Milliseconds from sending the request until the headers. */
  milliseconds: number;
}

/** An attempt that failed and is repeated. */
export interface AttemptRetry extends Attempt {
  /** Why it failed. */
  error: MuxiError;
  /** Milliseconds until the next attempt. */
  delay: number;
}

/** Functions that observe every attempt. What they throw fails the call. */
export interface Hooks {
  /** Called before an attempt is sent. */
  onRequest?: ((attempt: Attempt) => void) | undefined;
  /** Called when the response headers have arrived. The body belongs to the call. */
  onResponse?: ((attempt: AttemptResponse) => void) | undefined;
  /** Called when an attempt has failed and will be repeated. */
  onRetry?: ((attempt: AttemptRetry) => void) | undefined;
}

const log = ({ method, url, attempt }: Attempt, what: string) =>
  // Standard error, because programs print their results on standard output.
  console.error(`[muxi] ${method} ${url} (attempt ${attempt}): ${what}`);

/** The hooks of the option `debug`: one line per attempt, without headers, bodies or keys. */
export const debugHooks: Hooks = {
  onResponse: (attempt) => log(attempt, `${attempt.status} after ${Math.round(attempt.milliseconds)} ms`),
  onRetry: (attempt) =>
    log(attempt, `${attempt.error.code} ${attempt.error.message}, again in ${Math.round(attempt.delay)} ms`),
};
