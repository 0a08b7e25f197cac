import {
  AuthenticationError,
  AuthorizationError,
  ConflictError,
  type ErrorOptions,
  MuxiError,
  NotFoundError,
  RateLimitError,
  ServerError,
  ValidationError,
} from "./errors.ts";

const byStatus = new Map([
  [401, { type: AuthenticationError, code: "UNAUTHORIZED" }],
  [403, { type: AuthorizationError, code: "FORBIDDEN" }],
  [404, { type: NotFoundError, code: "NOT_FOUND" }],
  [409, { type: ConflictError, code: "CONFLICT" }],
  [422, { type: ValidationError, code: "VALIDATION_ERROR" }],
  [429, { type: RateLimitError, code: "RATE_LIMITED" }],
]);

const rowOf = (status: number) =>
  byStatus.get(status) ??
  (status >= 500 ? { type: ServerError, code: "SERVER_ERROR" } : { type: MuxiError, code: "ERROR" });

const retryableStatuses = new Set([408, 429, 500, 502, 503, 504]);

/** The error of an HTTP status, with the fallback code of contract/formation-api.md 3.5. */
export const errorOfStatus = (status: number, message: string, options: ErrorOptions = {}): MuxiError => {
  const row = rowOf(status);
  return new row.type(message, {
    ...options,
    code: options.code ?? row.code,
    statusCode: options.statusCode ?? status,
    retryable: retryableStatuses.has(status),
  });
};

const statusByCode: Record<string, number> = {
  UNAUTHORIZED: 401,
  BAD_CREDENTIALS: 401,
  FORBIDDEN: 403,
  CONFLICT: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  SECRET_EXISTS: 409,
  SECRET_IN_USE: 409,
  INVALID_PARAMS: 422,
  UNPROCESSABLE_ENTITY: 422,
  CLARIFICATION_FAILED: 422,
  RATE_LIMITED: 429,
  LLM_RATE_LIMITED: 429,
  INTERNAL_ERROR: 500,
  SECRETS_ERROR: 500,
  PROCESSING_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  METHOD_NOT_FOUND: 501,
  LLM_ERROR: 502,
  SERVICE_UNAVAILABLE: 503,
  SYSTEM_OVERLOAD: 503,
  LLM_TIMEOUT: 504,
};

/**
 * The error that a stream reports after its headers: the same class as before them. Its `statusCode` is 200,
 * because that is what the server answered (contract/formation-api.md 5.1).
 */
export const errorOfCode = (code: string, message: string, options: ErrorOptions = {}): MuxiError => {
  const status = statusByCode[code] ?? (code.endsWith("NOT_FOUND") ? 404 : 0);
  return errorOfStatus(status, message, { ...options, code, statusCode: 200 });
};
