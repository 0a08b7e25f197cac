import { ApiError } from "@muxi/protocol";
import { StorageUnavailableError } from "../store/index.ts";

/** The error that a caller may see for anything thrown. The cause is for the log. */
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
