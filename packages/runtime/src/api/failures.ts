import { ApiError } from "@muxi/protocol";
import type { FastifyError } from "fastify";

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";

/** What a caller may know of anything that was thrown. The rest is for the log. */
export const asApiError = (error: unknown, requestId: string): ApiError => {
  if (error instanceof ApiError) return error;
  if (isFastifyError(error)) {
    if (error.statusCode === 413) {
      return new ApiError(
        "PAYLOAD_TOO_LARGE",
        "The body is too large: shorten the message or send fewer files",
      );
    }
    if (error.statusCode === 415) {
      return new ApiError(
        "UNSUPPORTED_MEDIA_TYPE",
        "The body must be JSON: send Content-Type: application/json",
      );
    }
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return new ApiError("INVALID_REQUEST", "The body is not valid JSON");
    }
  }
  return new ApiError(
    "INTERNAL_ERROR",
    `The request failed inside the server: its log has the reason under '${requestId}'`,
    { cause: error },
  );
};
