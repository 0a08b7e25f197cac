import { apiKeyVariables, type ModelConfig, systemCode } from "@muxi/formation";
import { type ErrorCode, isRetryable } from "@muxi/protocol";
import { deepestJson } from "../../base/index.ts";

/** What a failed model means to those who asked it (docs/spec/formation-api.md "Error codes"). */
export type ModelErrorCode = Extract<ErrorCode, `LLM_${string}`>;

interface ModelErrorOptions {
  /** Seconds after which the provider may be asked again. */
  retryAfter?: number | undefined;
  /** The error behind it, such as one with the provider's own words. */
  cause?: Error | undefined;
}

/**
 * A failure of a model or of the connection to it. The message is for operators: which model, why, and what to do.
 * Callers see what its code means to them (`overlord/failures.ts`). The provider's own words stay in `cause`: some
 * providers repeat keys and prompts in their errors.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: ModelErrorCode;
  readonly retryAfter: number | undefined;

  constructor(code: ModelErrorCode, message: string, { retryAfter, cause }: ModelErrorOptions = {}) {
    super(message, cause && { cause });
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed when it is sent again. */
  get transient(): boolean {
    return isRetryable(this.code);
  }
}

/** A request that is longer than the model's context window. */
export class ContextTooLongError extends ModelError {}

/** An answer without text or tool call. Asked again, most models give one. */
export class EmptyAnswerError extends ModelError {}

/** An answer that holds more than any may. */
export class OversizeAnswerError extends ModelError {
  /** Asked again, the model would say as much, at the same cost. */
  override get transient(): boolean {
    return false;
  }
}

/** @param limit What it oversteps, such as "4000000 characters". */
export const oversizeError = ({ provider, id }: ModelConfig, limit: string): OversizeAnswerError =>
  new OversizeAnswerError("LLM_ERROR", `${provider} sent more than ${limit} in the answer of ${id}`);

/** @param why The provider's reason. */
export const emptyAnswerError = ({ provider, id }: ModelConfig, why = ""): EmptyAnswerError =>
  new EmptyAnswerError(
    "LLM_ERROR",
    `${provider} ended the answer of ${id} without a text or a tool call${why && ` (${why})`}: send the message again`,
  );

/** Error for a web page where an API was expected. */
export const pageError = ({ provider, id }: ModelConfig, origin: string, status: number): ModelError =>
  new ModelError(
    status >= 500 ? "LLM_ERROR" : "LLM_NOT_CONFIGURED",
    `${provider} at ${origin} answered ${id} with an HTML page (${status}), not with the model's API: check base_url`,
  );

/** Whether a provider refuses a request because of its tools, which many small models and servers do not support. */
export const refusesTools = (error: unknown): boolean =>
  error instanceof ModelError &&
  !error.transient &&
  error.cause instanceof Error &&
  /\btool/i.test(error.cause.message);

/** Whether a provider refuses a request because of the schema of its answer, or since it enforces none. */
export const refusesSchema = (error: unknown): boolean =>
  error instanceof ModelError &&
  !error.transient &&
  error.cause instanceof Error &&
  /schema|response_?format|output_config|response mime ?type|structured output/i.test(error.cause.message);

/** Names the places for a provider's key (docs/spec/formation-files.md "Choosing a model"). */
export const keyPlaces = ({ provider }: ModelConfig): string =>
  `llm.api_keys.${provider} in the formation (muxi secrets set) or ${apiKeyVariables(provider)[0]} in the environment`;

export const malformedEventError = ({ provider, id }: ModelConfig): ModelError =>
  new ModelError(
    "LLM_ERROR",
    `${provider} sent something that is not JSON of at most ${deepestJson} levels in the answer of ${id}`,
  );

export const cutOffError = ({ provider, id }: ModelConfig, cause?: Error): ModelError =>
  new ModelError("LLM_ERROR", `${provider} broke off the answer of ${id}`, { cause });

export const timeoutError = ({ provider, id, settings }: ModelConfig): ModelError =>
  new ModelError("LLM_TIMEOUT", `${provider} sent nothing for ${id} within ${settings.timeoutSeconds} s`);

/** System codes of failures that stay until somebody changes the address or a certificate. */
const lastingCode = /CERT|SIGNATURE/;

export const networkError = (config: ModelConfig, origin: string, cause: Error): ModelError => {
  const { provider, id } = config;
  const code = systemCode(cause) ?? "";
  if (code === "ERR_INVALID_CHAR") {
    const message = `The API key for ${id} holds characters that cannot be sent, such as a line break. Check ${keyPlaces(config)}`;
    return new ModelError("LLM_NOT_CONFIGURED", message, { cause });
  }
  return new ModelError(
    lastingCode.test(code) ? "LLM_NOT_CONFIGURED" : "LLM_ERROR",
    `The connection to ${provider} at ${origin} failed${code && ` (${code})`} while asking ${id}`,
    { cause },
  );
};
