/** The class of error that the SDK throws for a code. */
export type ErrorClass =
  | "AuthenticationError"
  | "AuthorizationError"
  | "NotFoundError"
  | "ConflictError"
  | "ValidationError"
  | "RateLimitError"
  | "ServerError"
  | "MuxiError";

interface ErrorRow {
  readonly status: number;
  readonly class: ErrorClass;
}

const row = (status: number, errorClass: ErrorClass): ErrorRow => ({ status, class: errorClass });

/**
 * The one table of error codes: HTTP status and SDK class of every failure that the Formation API can report
 * (docs/spec/formation-api.md "Error codes").
 */
export const errorTable = {
  INVALID_REQUEST: row(400, "MuxiError"),
  INVALID_PARAMETER: row(400, "MuxiError"),
  VALIDATION_ERROR: row(400, "MuxiError"),
  OPERATION_FAILED: row(400, "MuxiError"),
  UNAUTHORIZED: row(401, "AuthenticationError"),
  FORBIDDEN: row(403, "AuthorizationError"),
  NOT_FOUND: row(404, "NotFoundError"),
  RESOURCE_NOT_FOUND: row(404, "NotFoundError"),
  REQUEST_NOT_FOUND: row(404, "NotFoundError"),
  AGENT_NOT_FOUND: row(404, "NotFoundError"),
  MCP_SERVER_NOT_FOUND: row(404, "NotFoundError"),
  SECRET_NOT_FOUND: row(404, "NotFoundError"),
  TRIGGER_NOT_FOUND: row(404, "NotFoundError"),
  SOP_NOT_FOUND: row(404, "NotFoundError"),
  METHOD_NOT_ALLOWED: row(405, "MuxiError"),
  TIMEOUT: row(408, "MuxiError"),
  CONFLICT: row(409, "ConflictError"),
  SESSION_BUSY: row(409, "ConflictError"),
  IDEMPOTENCY_KEY_REUSED: row(409, "ConflictError"),
  SECRET_EXISTS: row(409, "ConflictError"),
  SECRET_IN_USE: row(409, "ConflictError"),
  GONE: row(410, "MuxiError"),
  PAYLOAD_TOO_LARGE: row(413, "MuxiError"),
  UNSUPPORTED_MEDIA_TYPE: row(415, "MuxiError"),
  INVALID_PARAMS: row(422, "ValidationError"),
  UNPROCESSABLE_ENTITY: row(422, "ValidationError"),
  LLM_REFUSED: row(422, "ValidationError"),
  TASK_FAILED: row(422, "ValidationError"),
  OUTPUT_INVALID: row(422, "ValidationError"),
  LLM_NOT_CONFIGURED: row(424, "MuxiError"),
  RATE_LIMITED: row(429, "RateLimitError"),
  LLM_RATE_LIMITED: row(429, "RateLimitError"),
  HEADERS_TOO_LARGE: row(431, "MuxiError"),
  CANCELLED: row(499, "MuxiError"),
  INTERNAL_ERROR: row(500, "ServerError"),
  SECRETS_ERROR: row(500, "ServerError"),
  NOT_IMPLEMENTED: row(501, "ServerError"),
  LLM_ERROR: row(502, "ServerError"),
  SERVICE_UNAVAILABLE: row(503, "ServerError"),
  SYSTEM_OVERLOAD: row(503, "ServerError"),
  LLM_TIMEOUT: row(504, "ServerError"),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** Statuses after which clients send a call again; those of other SDKs go by the status alone. */
const retryableStatuses: readonly number[] = [408, 429, 500, 502, 503, 504];

/** Whether the same call may succeed later. */
export const isRetryable = (code: ErrorCode): boolean => retryableStatuses.includes(errorTable[code].status);

export interface ApiErrorOptions {
  /** Details for the caller, sent as `error.data`. */
  data?: Record<string, unknown>;
  /** Seconds after which the call may succeed, sent as `Retry-After`. */
  retryAfter?: number;
  /** The internal error behind the failure. It is logged and never sent. */
  cause?: unknown;
  /** The request that failed, where it may be another one than the caller's own. */
  requestId?: string;
}

/**
 * A failure that the caller is told of: its message is written for them. Any other error is an internal one, whose
 * text stays in the log.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly data: Record<string, unknown> | undefined;
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = errorTable[code].status;
    this.data = options.data;
    this.retryAfter = options.retryAfter;
    this.requestId = options.requestId;
  }

  /** The same failure, attributed to a request. */
  ofRequest(requestId: string): ApiError {
    const { code, message, data, retryAfter, cause } = this;
    return new ApiError(code, message, {
      requestId,
      cause,
      ...(data && { data }),
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }
}

const eventTypes: Partial<Record<ErrorCode, string>> = {
  INVALID_REQUEST: "error.validation",
  INVALID_PARAMS: "error.validation",
  INVALID_PARAMETER: "error.validation",
  VALIDATION_ERROR: "error.validation",
  UNAUTHORIZED: "error.authentication",
  FORBIDDEN: "error.authorization",
  LLM_REFUSED: "error.processing",
  LLM_NOT_CONFIGURED: "error.processing",
  LLM_ERROR: "error.processing",
  LLM_TIMEOUT: "error.processing",
};

/**
 * The `type` of an error envelope. Clients must not classify by it (docs/spec/formation-api.md
 * "Error codes").
 */
export const errorEventType = (code: ErrorCode): string =>
  eventTypes[code] ?? (errorTable[code].status === 404 ? "error.not_found" : "error.internal");
