import type { ModelConfig } from "@muxi/formation";
import { readRetryAfter } from "@muxi/http";
import { isObject, type JsonObject } from "@muxi/protocol";
import { isTooDeep, parseObject, textOf } from "../../base/index.ts";
import { ContextTooLongError, keyPlaces, ModelError, type ModelErrorCode } from "./errors.ts";

/** Phrases of providers that have no error code for a request that is too long. */
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
  "exceed context limit",
  "maximum prompt length",
  "input tokens exceed",
  "exceeded model token limit",
  "range of input length",
  "prompt exceeds max length",
  "`inputs` must have less than",
  "`inputs` tokens + `max_new_tokens`",
];

const isTooLong = (status: number, text: string): boolean => {
  if (status !== 400 && status !== 413 && status !== 422) return false;
  const lower = text.slice(0, 20_000).toLowerCase();
  return status === 413 || tooLongTexts.some((known) => lower.includes(known));
};

/** HTTP statuses that errors inside a stream stand for, by code or type. */
const statusOfReason = new Map([
  ["invalid_request_error", 400],
  ["invalid_api_key", 401],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["model_not_found", 404],
  ["context_length_exceeded", 400],
  ["content_filter", 400],
  ["insufficient_quota", 429],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["overloaded_error", 529],
  ["api_error", 500],
  ["server_error", 500],
  ["timeout_error", 504],
]);

/** Phrases of providers for an account that has nothing left to spend, which waiting a minute does not mend. */
const exhaustedTexts = [
  "insufficient_quota",
  "billing_error",
  "billing_hard_limit",
  "billing_not_active",
  "credit balance",
  "insufficient balance",
];
/** How Google says it. */
const exhaustedQuota = /"quotaId":\s*"\w*PerDay|"quotaValue":\s*"0"/;

/** As much of a provider's words as is looked at. */
const opened = (text: string): string => text.slice(0, 20_000);

const isExhausted = (text: string): boolean => {
  const lower = opened(text).toLowerCase();
  return exhaustedTexts.some((known) => lower.includes(known)) || exhaustedQuota.test(opened(text));
};

/** Phrases of providers that refuse a key with status 400, as Google does. */
const refusedKey = /API_KEY_INVALID|API key not valid|invalid_api_key/;

const isTransient = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500;

const causeOf = ({ apiKey, provider }: ModelConfig, status: number, text: string): Error =>
  new Error(`${provider} answered ${status}: ${apiKey ? text.replaceAll(apiKey, "[key]") : text}`);

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
  const { provider, id, name, apiKey } = config;
  const words = [textOf(error.code), textOf(error.type)];
  const cause = causeOf(config, status, text);
  const fail = (code: ModelErrorCode, message: string) => new ModelError(code, message, { cause });
  const failForNow = (code: ModelErrorCode, message: string) =>
    new ModelError(code, message, { cause, retryAfter });

  if (words.includes("context_length_exceeded") || isTooLong(status, text)) {
    return new ContextTooLongError(
      "LLM_REFUSED",
      `${provider} refused the request to ${id}: the conversation is longer than the model's context window`,
      { cause },
    );
  }
  if (words.includes("content_filter") || words.includes("content_policy_violation")) {
    return fail("LLM_REFUSED", `${provider} refused the request to ${id}: its content filter stopped it`);
  }
  if (status === 402 || (status < 500 && isExhausted(text))) {
    return fail(
      "LLM_NOT_CONFIGURED",
      `${provider} refused the request to ${id}: the quota of the account is used up (${status}). Check its plan and billing`,
    );
  }
  if (status === 429) return failForNow("LLM_RATE_LIMITED", `${provider} limits the requests to ${id}`);
  if (status === 401 || status === 403 || refusedKey.test(text)) {
    return fail(
      "LLM_NOT_CONFIGURED",
      apiKey
        ? `${provider} refused the API key for ${id} (${status}). Check ${keyPlaces(config)}`
        : `${provider} needs an API key for ${id}. Set ${keyPlaces(config)}`,
    );
  }
  if (status === 404) {
    return fail(
      "LLM_NOT_CONFIGURED",
      `${provider} has no model "${name}" (404). Check the model's name and its base_url`,
    );
  }
  if (isTransient(status))
    return failForNow("LLM_ERROR", `${provider} failed to answer for ${id} (${status})`);
  return fail(
    "LLM_NOT_CONFIGURED",
    `${provider} rejected the request to ${id} (${status}): check the model's settings`,
  );
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
    "LLM_NOT_CONFIGURED",
    `${config.provider} did not answer ${config.id} with a stream (${status}): check base_url`,
    { cause: causeOf(config, status, body) },
  );
};

/** Error for JSON that is neither an answer nor an error. */
export const noAnswerError = (config: ModelConfig, body: JsonObject): ModelError =>
  responseError(config, 200, {}, JSON.stringify(body));

/** Error for an error object inside a stream. */
export const eventError = (config: ModelConfig, error: unknown): ModelError => {
  const details = isObject(error) ? error : {};
  const text = isTooDeep(error) ? "" : (JSON.stringify(error) ?? "");
  const given = Number(details.code);
  const named = statusOfReason.get(textOf(details.code)) ?? statusOfReason.get(textOf(details.type));
  // What is wrong with a request is mostly said before the stream: an unknown error in it is taken for a passing one.
  const status = given >= 400 ? given : (named ?? (isTooLong(400, text) ? 400 : 500));
  return failure(config, status, details, text);
};
