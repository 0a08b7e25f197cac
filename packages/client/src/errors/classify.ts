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
 * Statuses with their error class, the code of a response that has none, and a pattern of all codes that mean this
 * status, which is a third as long as their list (docs/spec/formation-api.md "Errors in clients"). The first match
 * counts. All server failures are listed under 500, except those that a retry cannot help.
 */
const rows: readonly [status: number, type: typeof MuxiError, code: string, codes: RegExp][] = [
  [401, AuthenticationError, "UNAUTHORIZED", /^UNAUTH|^BAD_CRED/],
  [403, AuthorizationError, "FORBIDDEN", /^FORB/],
  [501, ServerError, "SERVER_ERROR", /^NOT_IMPL|^METHOD_NOT_F/],
  [404, NotFoundError, "NOT_FOUND", /NOT_FOUND$/],
  [409, ConflictError, "CONFLICT", /^CONFL|_REUSED$|^SECRET_(EX|IN)/],
  [422, ValidationError, "VALIDATION_ERROR", /^VALID|_PARAMS$|^UNPROC|^CLARIF/],
  [429, RateLimitError, "RATE_LIMITED", /RATE_LIMITED$/],
  [500, ServerError, "SERVER_ERROR", /^(SERV|INTERNAL|SECRETS|PROC|LLM|SYSTEM)/],
];

const retryableStatuses = [408, 429, 500, 502, 503, 504];

/** The error for an HTTP status. */
export const errorOfStatus = (status: number, message: string, options: ErrorOptions = {}): MuxiError => {
  const known = status > 501 ? 500 : status;
  const [, type, code] = rows.find(([ofRow]) => ofRow === known) ?? [0, MuxiError, "ERROR"];
  return new type(message, {
    ...options,
    code: options.code ?? code,
    statusCode: options.statusCode ?? status,
    retryable: retryableStatuses.includes(status),
  });
};

/**
 * The error for a failure that a stream reports after its headers: of the same class as before them. Its `statusCode`
 * is 200, the status that was received (docs/spec/formation-api.md "Errors in clients").
 */
export const errorOfCode = (code: string, message: string, options: ErrorOptions = {}): MuxiError => {
  const [status] = rows.find(([, , , codes]) => codes.test(code)) ?? [0];
  return errorOfStatus(status, message, { ...options, code, statusCode: 200 });
};
