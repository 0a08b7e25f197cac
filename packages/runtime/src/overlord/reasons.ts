import { ApiError } from "@muxi/protocol";
import { storageRetryAfter } from "../store/index.ts";

/** Reason to stop a background run whose process ends: another one takes it over. */
export const handOver = new ApiError("SERVICE_UNAVAILABLE", "The formation is shutting down: try again");

/** Reason to stop a run whose request another process has taken over. */
export const taken = new ApiError(
  "SERVICE_UNAVAILABLE",
  "Another process of the formation has taken the request over: read it at /v1/requests",
);

/** Reason to stop a run on a user's request. */
export const cancelled = new ApiError("CANCELLED", "Stopped on request");

/** Reason to stop a run whose user has sent a message that interrupts it. */
export const interrupted = new ApiError(
  "CANCELLED",
  "Stopped by the user's next message: the answer to that one goes on with both",
);

/** Error for an answer to what a request does not wait for. */
export const notAsked = (requestId: string) =>
  new ApiError(
    "CONFLICT",
    `Request '${requestId}' does not wait for this answer, or no longer: GET /v1/requests/${requestId} says what it waits for`,
  );

/** Error for a failed write to the database. @param what Subject of the message, such as "The answer". */
export const unavailable = (what: string, cause: unknown) =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    `${what} could not be stored: check the formation's disk, then try again`,
    { cause, retryAfter: storageRetryAfter },
  );
