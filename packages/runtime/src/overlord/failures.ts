import { ApiError } from "@muxi/protocol";
import { StorageUnavailableError } from "../store/index.ts";

/** What a caller may know of anything that was thrown. The rest is for the log. */
export const asApiError = (error: unknown, requestId: string): ApiError => {
  if (error instanceof ApiError) return error;
  if (error instanceof StorageUnavailableError) {
    return new ApiError(
      "SERVICE_UNAVAILABLE",
      "The formation's database cannot be used at the moment: check its disk and whether it runs, then try again",
      { cause: error },
    );
  }
  return new ApiError(
    "INTERNAL_ERROR",
    `The request failed inside the server: its log has the reason under '${requestId}'`,
    { cause: error },
  );
};
