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

/**
 * Statuses, their classes and their codes (contract/formation-api.md 3.5). The first code is for answers that name
 * none. All codes of a server's failure stand under 500, but for those that no second attempt will mend.
 */
const rows: readonly [status: number, type: typeof MuxiError, codes: readonly string[]][] = [
  [401, AuthenticationError, ["UNAUTHORIZED", "BAD_CREDENTIALS"]],
  [403, AuthorizationError, ["FORBIDDEN"]],
  [404, NotFoundError, ["NOT_FOUND"]],
  [409, ConflictError, ["CONFLICT", "IDEMPOTENCY_KEY_REUSED", "SECRET_EXISTS", "SECRET_IN_USE"]],
  [
    422,
    ValidationError,
    ["VALIDATION_ERROR", "INVALID_PARAMS", "UNPROCESSABLE_ENTITY", "CLARIFICATION_FAILED"],
  ],
  [429, RateLimitError, ["RATE_LIMITED", "LLM_RATE_LIMITED"]],
  [
    500,
    ServerError,
    [
      "SERVER_ERROR",
      "INTERNAL_ERROR",
      "SECRETS_ERROR",
      "PROCESSING_ERROR",
      "LLM_ERROR",
      "LLM_TIMEOUT",
      "SERVICE_UNAVAILABLE",
      "SYSTEM_OVERLOAD",
    ],
  ],
  [501, ServerError, ["SERVER_ERROR", "NOT_IMPLEMENTED", "METHOD_NOT_FOUND"]],
];

const retryableStatuses = [408, 429, 500, 502, 503, 504];

/** The error of an HTTP status. */
export const errorOfStatus = (status: number, message: string, options: ErrorOptions = {}): MuxiError => {
  const known = status > 501 ? 500 : status;
  const [, type, [code]] = rows.find(([ofRow]) => ofRow === known) ?? [0, MuxiError, ["ERROR"]];
  return new type(message, {
    ...options,
    code: options.code ?? code,
    statusCode: options.statusCode ?? status,
    retryable: retryableStatuses.includes(status),
  });
};

/**
 * The error that a stream reports after its headers: the same class as before them. Its `statusCode` is 200,
 * because that is what the server answered (contract/formation-api.md 5.1).
 */
export const errorOfCode = (code: string, message: string, options: ErrorOptions = {}): MuxiError => {
  const [status] = rows.find(([, , codes]) => codes.includes(code)) ?? [code.endsWith("NOT_FOUND") ? 404 : 0];
  return errorOfStatus(status, message, { ...options, code, statusCode: 200 });
};
