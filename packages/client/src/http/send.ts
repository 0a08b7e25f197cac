import { ConnectionError, MuxiError } from "../errors/errors.ts";
import { type Query, queryString } from "./arguments.ts";
import { errorOfResponse } from "./failure.ts";
import type { Attempt, Hooks } from "./hooks.ts";
import { uuid } from "./ids.ts";
import { createLifetime, type Lifetime, sleep } from "./lifetime.ts";
import { retryDelay } from "./retry.ts";
import { unwrap } from "./unwrap.ts";

/** A body as it is sent. */
export type RequestBody = string | Blob | ReadableStream<Uint8Array>;

/**
 * What a `fetch` is given: any `RequestInit` takes it. It extends none, because not every project has the DOM library
 * or Node's types.
 */
export interface FetchInit {
  /** HTTP method. */
  method?: Method;
  /** All headers, the keys among them. */
  headers?: Record<string, string>;
  /** Absent where nothing is sent. */
  body?: RequestBody;
  /** Aborts when the caller gives up or the time is over. */
  signal?: AbortSignal;
  /** Redirects are not followed: `fetch` would show the keys to whatever host they name. */
  redirect?: "manual" | "error";
  /** What `fetch` asks for with a body that is a stream. */
  duplex?: "half";
  /** With `redirect: "error"` it keeps Node's `fetch` from holding the whole of a streamed body. */
  window?: null;
  /** Whether the server knows a repeat of this request from a second one, so that it does no harm. */
  repeatable?: boolean;
}

/** What sends a request: the global `fetch`, or another one like it. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** What all calls of one client share. */
export interface Http {
  /** Without a slash at its end. */
  baseUrl: string;

  /** Sends a request. */
  fetch: Fetch;
  /** Sent with every call. */
  headers: Record<string, string>;
  /** Milliseconds for a whole call; 0 for no limit. */
  timeout: number;

  /** Attempts after the first one. */
  maxRetries: number;

  /** Functions that watch every attempt. */
  hooks: readonly Hooks[];
  /** Makes what is sent, for each attempt anew. */
  init: (call: ApiCall, headers: Record<string, string>) => FetchInit | Promise<FetchInit>;
  /** Whether `error` in the body of a failure is a code. */
  errorIsCode: boolean;
}

/** The HTTP methods that the API uses. */
export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** A call as it is sent. */
export interface ApiCall {
  /** HTTP method. */
  method: Method;
  /** Encoded path below the base URL. */
  path: string;

  /** Query parameters. */
  query?: Query | undefined;

  /** Headers beside those of the client. */
  headers?: Record<string, string>;
  /** A value to send as JSON. */
  json?: unknown;
  /** A body to send as it is, made anew for each attempt. */
  body?: () => RequestBody;
  /** Whether the server knows a repeat from a second call, so that it may be sent again. */
  repeatable: boolean;
  /** Milliseconds; the client's `timeout` when the caller gives none. */
  timeout?: number;
}

/** Last argument of every method. */
export interface CallOptions {
  /** Ends the call with an `AbortedError`. */
  signal?: AbortSignal | undefined;
  /** Milliseconds for all attempts, waits and the body together; for a stream until its headers. 0: no limit. */
  timeout?: number | undefined;
  /** Attempts after the first one. */
  maxRetries?: number | undefined;
  /** Key under which the server knows a repeat of this call; made afresh for each call otherwise. */
  idempotencyKey?: string | undefined;
  /** Further headers, such as `traceparent`. */
  headers?: Record<string, string> | undefined;
}

/** Last argument of every method that gives a stream. */
export interface StreamOptions extends CallOptions {
  /** Milliseconds of silence after which the stream is taken for dead; 0: no limit. */
  idleTimeout?: number | undefined;
}

/** A call as `fetch` takes it, with JSON or nothing in its body. */
export const jsonInit = ({ method, json }: ApiCall, headers: Record<string, string>): FetchInit => ({
  method,
  headers: json === undefined ? headers : { ...headers, "content-type": "application/json" },
  ...(json !== undefined && { body: JSON.stringify(json) }),
  redirect: "manual",
});

/** What a `fetch` that failed, or a body that broke off, is to the caller. */
export const explain = (what: string, error: unknown, signal: AbortSignal): unknown => {
  if (error instanceof MuxiError) return error;
  if (signal.aborted) return signal.reason;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new ConnectionError(`${what}: ${reason}`, { cause: error });
};

/**
 * Sends a call until it succeeds, may not be repeated, or the deadline leaves no room for another attempt.
 *
 * @param read Takes what the caller wants from a successful response, within the attempt.
 * @throws MuxiError only: what the server answered, or why there is no answer.
 */
export const send = async <Value>(
  http: Http,
  call: ApiCall,
  options: CallOptions,
  lifetime: Lifetime,
  read: (response: Response) => Value | Promise<Value>,
): Promise<Value> => {
  const { signal } = lifetime;
  const maxRetries = call.repeatable ? (options.maxRetries ?? http.maxRetries) : 0;
  const url = http.baseUrl + call.path + queryString(call.query);
  const headers = {
    accept: "application/json",
    "x-muxi-idempotency-key": options.idempotencyKey ?? uuid(),
    ...http.headers,
    ...call.headers,
    ...options.headers,
  };

  const once = async (attempt: Attempt): Promise<Value> => {
    const init = await http.init(call, headers);
    if (signal.aborted) throw signal.reason;
    for (const hooks of http.hooks) hooks.onRequest?.(attempt);
    const start = performance.now();
    let response: Response;
    try {
      response = await http.fetch(url, { ...init, signal, repeatable: call.repeatable });
    } catch (error) {
      throw explain(`No answer from ${http.baseUrl}`, error, signal);
    }
    const milliseconds = performance.now() - start;
    for (const hooks of http.hooks) {
      hooks.onResponse?.({ ...attempt, status: response.status, headers: response.headers, milliseconds });
    }
    try {
      if (!response.ok) throw await errorOfResponse(response, http.errorIsCode);
      return await read(response);
    } catch (error) {
      throw explain("The answer broke off", error, signal);
    }
  };

  for (let number = 1; ; number++) {
    const attempt = { method: call.method, url, attempt: number };
    try {
      return await once(attempt);
    } catch (error) {
      if (!(error instanceof MuxiError) || !error.retryable || signal.aborted || number > maxRetries)
        throw error;
      const delay = retryDelay(number, error.retryAfter, Math.random());
      // To wait for a deadline that is sure to pass helps nobody: the caller gets the error, and its retryAfter.
      if (delay >= lifetime.remaining()) throw error;
      for (const hooks of http.hooks) hooks.onRetry?.({ ...attempt, error, delay });
      await sleep(delay, signal);
    }
  }
};

/** A call whose answer is read whole. */
export const call = async <Value>(
  http: Http,
  spec: ApiCall,
  options: CallOptions = {},
  read: (response: Response) => Promise<Value>,
): Promise<Value> => {
  const lifetime = createLifetime(options.timeout ?? spec.timeout ?? http.timeout, options.signal);
  try {
    return await send(http, spec, options, lifetime, read);
  } finally {
    lifetime.end();
  }
};

/**
 * A call whose answer is JSON, taken out of its envelope. The type is the wire's word: answers are not validated,
 * so that a newer server's additions do no harm.
 */
export const callJson = async <Data>(http: Http, spec: ApiCall, options?: CallOptions): Promise<Data> =>
  (await call(http, spec, options, unwrap)) as Data;
