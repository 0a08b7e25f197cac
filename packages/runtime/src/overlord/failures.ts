import { ApiError } from "@muxi/protocol";
import {
  ContextTooLongError,
  ModelError,
  type ModelErrorCode,
  OversizeAnswerError,
} from "../models/index.ts";
import { StorageUnavailableError, storageRetryAfter } from "../store/index.ts";

/** Messages to the user about a failed model. The cause is for operators, in the log. */
const modelFailures: Readonly<Record<ModelErrorCode, string>> = {
  LLM_NOT_CONFIGURED:
    "The assistant is not available (configuration): its operator finds the cause in the log",
  LLM_REFUSED: "The assistant's model refuses this message: put it in other words",
  LLM_RATE_LIMITED: "The assistant is asked too much at the moment: try again later",
  LLM_ERROR: "The assistant's model failed: try again",
  LLM_TIMEOUT: "The assistant's model took too long: try again",
};

/** The error that a user may see for a failed model. */
export const modelFailure = (error: ModelError): string => {
  if (error instanceof ContextTooLongError)
    return "The message is longer than the assistant's model can read: shorten it";
  return error instanceof OversizeAnswerError
    ? "The assistant's model said more than one answer may hold: ask for less at once"
    : modelFailures[error.code];
};

/** The error that a caller may see for anything thrown. The cause is for the log. */
export const asApiError = (error: unknown, requestId: string): ApiError => {
  if (error instanceof ApiError) return error;
  if (error instanceof ModelError) {
    const { retryAfter } = error;
    return new ApiError(error.code, modelFailure(error), {
      cause: error,
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }
  if (error instanceof StorageUnavailableError) {
    return new ApiError(
      "SERVICE_UNAVAILABLE",
      "The formation's database cannot be used at the moment: check its disk and whether it runs, then try again",
      { cause: error, retryAfter: storageRetryAfter },
    );
  }
  return new ApiError(
    "INTERNAL_ERROR",
    `The request failed inside the server: its log has the reason under '${requestId}'`,
    { cause: error },
  );
};
