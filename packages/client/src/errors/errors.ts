/** What an error carries beside its message. */
export interface ErrorOptions {
  /** Upper-case code of the server. Default `ERROR`. */
  code?: string | undefined;
  /** HTTP status. Default 0: there was no response. */
  statusCode?: number | undefined;
  /** Seconds to wait before the next attempt, as the server asks. */
  retryAfter?: number | undefined;
  /** Id under which the server knows the request. */
  requestId?: string | undefined;
  /** The parsed body of the response. */
  details?: unknown;
  /** Whether the same call may succeed later. Default false. */
  retryable?: boolean | undefined;
  /** The error that caused this one. */
  cause?: unknown;
}

/** Name of the class from which errors of every copy of this package descend. No other package's error does. */
const brand = "MuxiError";

/**
 * Base class of every error that this package throws (docs/spec/formation-api.md "Errors in clients"). Used directly
 * for statuses without a class of their own, such as 400. It holds nothing that was sent: no key and no header.
 */
export class MuxiError extends Error {
  /** Name of the class. */
  override get name(): string {
    return brand;
  }
  /** Upper-case code of the server, such as `SECRET_EXISTS`. */
  declare readonly code: string;
  /** HTTP status; 0 when there was no response. */
  declare readonly statusCode: number;
  /** Seconds to wait before the next attempt, as the server asks. */
  declare readonly retryAfter: number | undefined;
  /** Id under which the server knows the request. */
  declare readonly requestId: string | undefined;
  /** The parsed body of the response. */
  declare readonly details: unknown;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;

  /** True for errors of this class from any copy of this package (docs/spec/formation-api.md "Errors in clients"). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that inherited it.
    const { prototype } = this;
    // A class that a program derives has no name of its own here, and no copies.
    // biome-ignore lint/complexity/noThisInStatic: as above.
    if (!Object.hasOwn(prototype, "name")) return super[Symbol.hasInstance](value);
    const names: unknown[] = [];
    // Only errors like ours are looked at closely: the getter of another one, such as DOMException's, may throw.
    if ("retryable" in Object(value))
      for (let at = Object(value); at !== null; at = Object.getPrototypeOf(at)) names.push(at.name);
    return names.includes(brand) && names.includes(prototype.name);
  }

  /** @param options What the error carries beside its message. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options);
    Object.assign(this, { code: "ERROR", statusCode: 0, retryable: false }, options);
  }
}

/** 401: the key is missing, wrong, or of a kind that does not open this call. */
export class AuthenticationError extends MuxiError {
  override get name(): string {
    return "AuthenticationError";
  }
}

/** 403: the key is valid, but the resource belongs to someone else. */
export class AuthorizationError extends MuxiError {
  override get name(): string {
    return "AuthorizationError";
  }
}

/** 404: no such agent, session, request, formation or path. */
export class NotFoundError extends MuxiError {
  override get name(): string {
    return "NotFoundError";
  }
}

/** 409: the resource exists already, is in use, or is being changed. */
export class ConflictError extends MuxiError {
  override get name(): string {
    return "ConflictError";
  }
}

/** 422: the server understood the request but refuses its content; `details` names the fields. */
export class ValidationError extends MuxiError {
  override get name(): string {
    return "ValidationError";
  }
}

/** 429: too many requests. `retryAfter` has the seconds to wait, if the server named them. */
export class RateLimitError extends MuxiError {
  override get name(): string {
    return "RateLimitError";
  }
}

/** 500 to 599: the server or a model behind it failed. */
export class ServerError extends MuxiError {
  override get name(): string {
    return "ServerError";
  }
}

/** There was no response, or it broke off. */
export class ConnectionError extends MuxiError {
  override get name(): string {
    return "ConnectionError";
  }

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { code: "CONNECTION_ERROR", retryable: true, ...options });
  }
}

/** The call took longer than its `timeout`, which covers all attempts, the waits between them and the body. */
export class TimeoutError extends ConnectionError {
  override get name(): string {
    return "TimeoutError";
  }
  override readonly code: string = "TIMEOUT";
}

/** A stream sent nothing, not even a keep-alive, for longer than `idleTimeout`. */
export class StreamIdleError extends TimeoutError {
  override get name(): string {
    return "StreamIdleError";
  }
  override readonly code: string = "STREAM_IDLE";
}

/**
 * A stream ended before its last event, or events are missing. What was delivered is not the whole answer: resume from
 * the stream's `cursor`, or read the session's messages later.
 */
export class StreamTruncatedError extends ConnectionError {
  override get name(): string {
    return "StreamTruncatedError";
  }
  override readonly code: string = "STREAM_TRUNCATED";
}

/** The caller's signal or `abort()` ended the call. `cause` is the reason that was given. */
export class AbortedError extends MuxiError {
  override get name(): string {
    return "AbortedError";
  }

  constructor(reason: unknown) {
    super("The call was aborted", { code: "ABORTED", cause: reason });
  }
}

/** An option or an argument cannot be used. Thrown before anything is sent. */
export class ConfigurationError extends MuxiError {
  override get name(): string {
    return "ConfigurationError";
  }
  /** Name of the option or argument. */
  declare readonly option: string;

  constructor(option: string, message: string) {
    super(`${option}: ${message}`, { code: "CONFIGURATION_ERROR" });
    this.option = option;
  }
}
