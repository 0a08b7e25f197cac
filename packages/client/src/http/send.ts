import { ConnectionError, MuxiError } from "../errors/index.ts";
import { errorOfResponse } from "./failure.ts";
import type { Attempt, Hooks } from "./hooks.ts";
import { uuid } from "./ids.ts";
import { createLifetime, type Lifetime, sleep, within } from "./lifetime.ts";
import { retryDelay } from "./retry.ts";
import { unwrap } from "./unwrap.ts";

/** A body as it is sent. */
export type RequestBody = string | Blob | ReadableStream<Uint8Array>;

/**
 * The second argument of a `fetch`. It is assignable to `RequestInit` but does not extend it, because not every project
 * has the DOM library or Node's types.
 */
export interface FetchInit {
  /** HTTP method. */
  method?: Method;
  /** All headers, including the keys. */
  headers?: Record<string, string>;
  /** Absent when there is no body. */
  body?: RequestBody;
  /** Aborts when the caller does or the timeout has passed. */
  signal?: AbortSignal;
  /** Redirects are not followed: `fetch` would send the keys to the host that they name. */
  redirect?: "manual" | "error";
  /** Required by `fetch` for a body that is a stream. */
  duplex?: "half";
  /** With `redirect: "error"` it keeps Node's `fetch` from buffering a streamed body. */
  window?: null;
  /** Whether the request can be repeated safely: the server recognizes the repeat. */
  repeatable?: boolean;
}

/** Sends a request: the global `fetch` or a function like it. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** What all calls of one client have in common. */
export interface Http {
  /** Without a trailing slash. */
  baseUrl: string;
  /** Sends a request. */
  fetch: Fetch;
  /** Sent with every call. */
  headers: Record<string, string>;
  /** Milliseconds for a whole call; 0 for no limit. */
  timeout: number;
  /** How often a failed attempt is repeated. */
  maxRetries: number;
  /** Functions that observe every attempt. */
  hooks: readonly (Hooks | undefined)[];
  /** Builds the request of one attempt. */
  init: (call: ApiCall, headers: Record<string, string>) => FetchInit | Promise<FetchInit>;
  /** Bytes of a response that are read at most; 0 for no limit. */
  maxResponseSize: number;
  /** Whether bodies have no envelope: one without `data` is the data, and `error` in that of a failure is a code. */
  flat: boolean;
}

/** The HTTP methods that the API uses. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One call of an API. */
export interface ApiCall {
  /** HTTP method. */
  method: Method;
  /** Path below the base URL, already encoded. */
  path: string;
  /** Query string, question mark included. */
  search?: string;
  /** Headers beside those of the client. */
  headers?: Record<string, string>;
  /** A value to send as JSON. */
  json?: unknown;
  /** Makes a body to be sent as it is, once per attempt. */
  body?: () => RequestBody;
  /** Whether the call can be repeated safely: the server recognizes the repeat. */
  repeatable: boolean;
  /** Milliseconds. Default: the client's `timeout`. */
  timeout?: number;
  /** Bytes. Default: the client's `maxResponseSize`. */
  maxResponseSize?: number;
}

/** The last argument of every method. */
export interface CallOptions {
  /** Ends the call with an `AbortedError`. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds for the whole call: all attempts, the waits between them and the body; for a stream until its
   * headers. 0: no limit.
   */
  timeout?: number | undefined;
  /** How often a failed attempt is repeated. */
  maxRetries?: number | undefined;
  /** Key by which the server recognizes a repeat of this call. Default: a new one for each call. */
  idempotencyKey?: string | undefined;
  /**
   * Bytes of a response that are read at most, after it was decompressed; of a stream, characters of an event and of the
   * text that `final()` collects. 0: no limit.
   */
  maxResponseSize?: number | undefined;
  /** Additional headers, such as `traceparent`. */
  headers?: Record<string, string> | undefined;
}

/** The last argument of every method that returns a stream. */
export interface StreamOptions extends CallOptions {
  /** Milliseconds without any data after which the stream counts as dead. 0: no limit. */
  idleTimeout?: number | undefined;
  /** Milliseconds for which a stream that was cut tries to resume. 0: not at all. */
  resumeTimeout?: number | undefined;
}

/** The request of a call whose body is JSON or empty. */
export const jsonInit = ({ method, json }: ApiCall, headers: Record<string, string>): FetchInit => ({
  method,
  headers,
  redirect: "manual",
  ...(json !== undefined && {
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(json),
  }),
});

/** The error for the caller when `fetch` failed or a body broke off. */
export const explain = (what: string, error: unknown, signal: AbortSignal): unknown => {
  if (error instanceof MuxiError) return error;
  if (signal.aborted) return signal.reason;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new ConnectionError(`${what}: ${reason}`, { cause: error });
};

/**
 * Sends a call until it succeeds, cannot be repeated, or the deadline leaves no time for another attempt.
 *
 * @param read Reads the successful response. If this fails, so does the attempt.
 * @throws MuxiError in every case of failure.
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
  const url = http.baseUrl + call.path + (call.search ?? "");
  const headers = {
    accept: "application/json",
    "x-muxi-idempotency-key": options.idempotencyKey ?? uuid(),
    ...http.headers,
    ...call.headers,
    ...options.headers,
  };

  const once = async (attempt: Attempt): Promise<Value> => {
    const init = await http.init(call, headers);
    signal.throwIfAborted();
    for (const hooks of http.hooks) hooks?.onRequest?.(attempt);
    const start = performance.now();
    let response: Response;
    try {
      response = await within(http.fetch(url, { ...init, signal, repeatable: call.repeatable }), signal);
    } catch (error) {
      throw explain(`No response from ${http.baseUrl}`, error, signal);
    }
    const milliseconds = performance.now() - start;
    for (const hooks of http.hooks) {
      hooks?.onResponse?.({ ...attempt, status: response.status, headers: response.headers, milliseconds });
    }
    try {
      if (!response.ok) throw await within(errorOfResponse(response, http.flat), signal);
      return await within(Promise.resolve(read(response)), signal);
    } catch (error) {
      throw explain("The response broke off", error, signal);
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
      // Waiting until the deadline would not help: the caller gets the error at once, with its retryAfter.
      if (delay >= lifetime.remaining()) throw error;
      for (const hooks of http.hooks) hooks?.onRetry?.({ ...attempt, error, delay });
      await sleep(delay, signal);
    }
  }
};

/**
 * Sends a call and reads its whole response.
 *
 * @param read Reads the response. It is told how many bytes to read at most.
 */
export const call = async <Value>(
  http: Http,
  spec: ApiCall,
  options: CallOptions = {},
  read: (response: Response, most: number) => Promise<Value>,
): Promise<Value> => {
  const most = options.maxResponseSize ?? spec.maxResponseSize ?? http.maxResponseSize;
  const lifetime = createLifetime(options.timeout ?? spec.timeout ?? http.timeout, options.signal);
  try {
    return await send(http, spec, options, lifetime, (response) => read(response, most));
  } finally {
    lifetime.end();
  }
};

/**
 * Sends a call and takes the data out of the JSON envelope of its response. The data is not validated: what a newer
 * server adds must do no harm.
 */
export const callJson = async <Data>(http: Http, spec: ApiCall, options?: CallOptions): Promise<Data> =>
  (await call(http, spec, options, (response, most) => unwrap(response, most, http.flat))) as Data;
