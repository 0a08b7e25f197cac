import type { Unreadable } from "@muxi/http";
import { ApiError } from "@muxi/protocol";

/** What a caller hears of a request that cannot be read. */
export const unreadableFailure = (why: Unreadable): ApiError => {
  switch (why) {
    case "headers-too-large":
      return new ApiError(
        "HEADERS_TOO_LARGE",
        "The headers are larger than 16 KB together: send less in them",
      );
    case "too-late":
      return new ApiError("TIMEOUT", "The request did not come whole in time: send it again");
    case "not-http":
      return new ApiError("INVALID_REQUEST", "The request is not valid HTTP: check method, headers and body");
  }
};
