import { ApiError } from "@muxi/protocol";

/** What a caller may know of anything that was thrown. The rest is for the log. */
export const asApiError = (error: unknown, requestId: string): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(
        "INTERNAL_ERROR",
        `The request failed inside the server: its log has the reason under '${requestId}'`,
        { cause: error },
      );
