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
 * Statuses with a pattern of the codes that mean this status in a stream, which is a third as long as their list, the
 * error class, and the code of a response that has none (docs/spec/formation-api.md "Errors in clients"). The first
 * match counts.
 */
const rows: readonly [status: number, codes: RegExp, type?: typeof MuxiError, code?: string][] = [
  [401, /^UNAUTH/, AuthenticationError, "UNAUTHORIZED"],
  [403, /^FORB/, AuthorizationError, "FORBIDDEN"],
  [404, /NOT_FOUND$/, NotFoundError, "NOT_FOUND"],
  [409, /^CONFL|_REUSED$|_BUSY$/, ConflictError, "CONFLICT"],
  [422, /^VALID|_PARAMS$|^UNPROC|_REFUSED$|^TASK|^OUT/, ValidationError, "VALIDATION_ERROR"],
  [424, /^LLM_N/],
  [499, /^CANC/],
  [502, /^LLM_E/],
  [504, /^LLM_T/],
  [429, /RATE_LIMITED$/, RateLimitError, "RATE_LIMITED"],
  [503, /^SERVI|^SYS/],
  [500, /^SERVER|^INT|^PROC/, ServerError, "SERVER_ERROR"],
];

const passing = [408, 429, 500, 502, 503, 504];

/** The error for a response that no server of this API sends. */
export const invalidResponse = (message: string, statusCode = 200): MuxiError =>
  new MuxiError(message, { code: "INVALID_RESPONSE", statusCode });

/** The error for an HTTP status. */
export const errorOfStatus = (status: number, message: string, options: ErrorOptions = {}): MuxiError => {
  const known = status > 500 ? 500 : status;
  const [, , type = MuxiError, code = "ERROR"] = rows.find(([ofRow]) => ofRow === known) ?? [];
  return new type(message, {
    statusCode: status,
    retryable: passing.includes(status),
    ...options,
    code: options.code ?? code,
  });
};

/**
 * The error for a failure that a stream reports after its headers: the same as before them. That of an unknown code has
 * the status 200, which was received (docs/spec/formation-api.md "Errors in clients").
 */
export const errorOfCode = (code: string, message: string, options: ErrorOptions = {}): MuxiError => {
  const [status] = rows.find(([, codes]) => codes.test(code)) ?? [200];
  return errorOfStatus(status, message, { ...options, code });
};
