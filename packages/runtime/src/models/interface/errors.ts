import { apiKeyVariables, type ModelConfig, systemCode } from "@muxi/formation";
import { readRetryAfter } from "@muxi/http";
import { ApiError, type ApiErrorOptions, type ErrorCode, isObject, type JsonObject } from "@muxi/protocol";
import { parseObject, textOf } from "../../base/index.ts";

/**
 * A failure of a model or of the connection to it. The provider's own words stay in `cause`, where no client sees them:
 * some providers repeat keys and prompts in their errors.
 */
export class ModelError extends ApiError {
  /** Whether the same request may succeed when it is sent again. */
  readonly transient: boolean;

  constructor(code: ErrorCode, message: string, transient: boolean, options: ApiErrorOptions = {}) {
    super(code, message, options);
    this.transient = transient;
  }
}

/** A request that is longer than the model's context window. */
export class ContextTooLongError extends ModelError {}

/** Phrases of providers that have no error code for it. */
const tooLongTexts = [
  "context length",
  "context window",
  "context_length",
  "maximum context",
  "prompt is too long",
  "input is too long",
  "input token count",
  "too many tokens",
  "request_too_large",
  "reduce the length",
  "exceeds the maximum number of tokens",
  "exceeds the available context",
];

const isTooLong = (status: number, text: string): boolean => {
  if (status !== 400 && status !== 413 && status !== 422) return false;
  const lower = text.slice(0, 20_000).toLowerCase();
  return status === 413 || tooLongTexts.some((known) => lower.includes(known));
};

/** An answer without text or tool call. Asked again, most models give one. */
export class EmptyAnswerError extends ModelError {}

/** @param why The provider's reason. */
export const emptyAnswerError = ({ provider, id }: ModelConfig, why = ""): EmptyAnswerError =>
  new EmptyAnswerError(
    "LLM_ERROR",
    `${provider} ended the answer of ${id} without a text or a tool call${why && ` (${why})`}: send the message again`,
    true,
  );

/** Error for a web page where an API was expected. */
export const pageError = ({ provider, id }: ModelConfig, origin: string, status: number): ModelError =>
  new ModelError(
    "LLM_ERROR",
    `${provider} at ${origin} answered ${id} with an HTML page (${status}), not with the model's API: check base_url`,
    status >= 500,
  );

/** Whether a provider refuses a request because of its tools, which many small models and servers do not support. */
export const refusesTools = (error: unknown): boolean =>
  error instanceof ModelError &&
  !error.transient &&
  error.cause instanceof Error &&
  /\btool/i.test(error.cause.message);

/** Values of `error.code` or `error.type` that a user can do something about. */
const knownReasons = new Map([
  ["context_length_exceeded", "the conversation is longer than the model's context window"],
  ["insufficient_quota", "the quota of the account is used up; check its plan and billing"],
  ["billing_error", "the account has a billing problem"],
  ["content_filter", "the provider's content filter stopped the request"],
]);

/** HTTP statuses that errors inside a stream stand for. */
const statusOfReason = new Map([
  ["overloaded_error", 529],
  ["api_error", 500],
  ["server_error", 500],
  ["timeout_error", 504],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["insufficient_quota", 429],
  ["authentication_error", 401],
  ["permission_error", 403],
  ["not_found_error", 404],
]);

const isTransient = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500;

/** Names the places for a provider's key (docs/spec/formation-files.md "Choosing a model"). */
const keyPlaces = ({ provider }: ModelConfig): string =>
  `llm.api_keys.${provider} in the formation or ${apiKeyVariables(provider)[0]} in the environment`;

const causeOf = (config: ModelConfig, status: number, text: string): Error => {
  const { apiKey, provider } = config;
  return new Error(`${provider} answered ${status}: ${apiKey ? text.replaceAll(apiKey, "[key]") : text}`);
};

/** The error object of a body or an event: `{"error":{…}}`; Google wraps it in an array. */
const errorObject = (text: string): JsonObject => {
  const body = parseObject(text.trimStart().replace(/^\[([\s\S]*)\]\s*$/, "$1"));
  return isObject(body?.error) ? body.error : {};
};

const failure = (
  config: ModelConfig,
  status: number,
  error: JsonObject,
  text: string,
  retryAfter?: number,
): ModelError => {
  const { provider, id, name } = config;
  const words = [textOf(error.code), textOf(error.type)];
  const reason = words.map((word) => knownReasons.get(word)).find((known) => known !== undefined);
  const cause = causeOf(config, status, text);
  const fail = (message: string) => new ModelError("LLM_ERROR", message, isTransient(status), { cause });

  if (words.includes("context_length_exceeded") || isTooLong(status, text)) {
    const message = `${provider} refused the request to ${id}: ${knownReasons.get("context_length_exceeded")}`;
    return new ContextTooLongError("LLM_ERROR", message, false, { cause });
  }
  if (status === 429) {
    return new ModelError(
      "LLM_RATE_LIMITED",
      `${provider} limits the requests to ${id}${reason === undefined ? "" : `: ${reason}`}`,
      !words.includes("insufficient_quota"),
      { cause, ...(retryAfter !== undefined && { retryAfter }) },
    );
  }
  if (reason !== undefined) return fail(`${provider} refused the request to ${id}: ${reason}`);
  if (status === 401 || status === 403) {
    return fail(
      config.apiKey
        ? `${provider} refused the API key for ${id} (${status}). Check ${keyPlaces(config)}`
        : `${provider} needs an API key for ${id}. Set ${keyPlaces(config)}`,
    );
  }
  if (status === 404)
    return fail(`${provider} has no model "${name}" (404). Check the model's name and its base_url`);
  if (status >= 500) return fail(`${provider} failed to answer for ${id} (${status})`);
  return fail(`${provider} rejected the request to ${id} (${status}); the log has its reason`);
};

/** Whole seconds to wait, from the header, or from the body as Google sends them. */
const retryAfterOf = (headers: Record<string, unknown>, body: string): number | undefined => {
  const header = textOf(headers["retry-after"]) || /"retryDelay":\s*"([\d.]+)s"/.exec(body)?.[1];
  const seconds = readRetryAfter(header, Date.now());
  return seconds === undefined ? undefined : Math.ceil(seconds);
};

/** Error for a response that is not a stream. */
export const responseError = (
  config: ModelConfig,
  status: number,
  headers: Record<string, unknown>,
  body: string,
): ModelError => {
  const error = errorObject(body);
  if (status >= 400) return failure(config, status, error, body, retryAfterOf(headers, body));
  return new ModelError(
    "LLM_ERROR",
    `${config.provider} did not answer ${config.id} with a stream (${status})`,
    false,
    {
      cause: causeOf(config, status, body),
    },
  );
};

/** Error for JSON that is neither an answer nor an error. */
export const noAnswerError = (config: ModelConfig, body: JsonObject): ModelError =>
  responseError(config, 200, {}, JSON.stringify(body));

/** Error for an error object inside a stream. */
export const eventError = (config: ModelConfig, error: unknown): ModelError => {
  const details = isObject(error) ? error : {};
  const named = statusOfReason.get(textOf(details.code)) ?? statusOfReason.get(textOf(details.type)) ?? 400;
  const status = typeof details.code === "number" ? details.code : named;
  return failure(config, status, details, JSON.stringify(error));
};

export const malformedEventError = ({ provider, id }: ModelConfig): ModelError =>
  new ModelError("LLM_ERROR", `${provider} sent something that is not JSON in the answer of ${id}`, false);

export const cutOffError = ({ provider, id }: ModelConfig, cause?: Error): ModelError =>
  new ModelError("LLM_ERROR", `${provider} broke off the answer of ${id}`, true, { cause });

export const timeoutError = ({ provider, id, settings }: ModelConfig): ModelError =>
  new ModelError(
    "LLM_TIMEOUT",
    `${provider} sent nothing for ${id} within ${settings.timeoutSeconds} s`,
    true,
  );

export const networkError = (config: ModelConfig, origin: string, cause: Error): ModelError => {
  const { provider, id } = config;
  const code = systemCode(cause) ?? "";
  if (code === "ERR_INVALID_CHAR") {
    const message = `The API key for ${id} holds characters that cannot be sent, such as a line break. Check ${keyPlaces(config)}`;
    return new ModelError("LLM_ERROR", message, false, { cause });
  }
  return new ModelError(
    "LLM_ERROR",
    `The connection to ${provider} at ${origin} failed${code && ` (${code})`} while asking ${id}`,
    true,
    { cause },
  );
};
