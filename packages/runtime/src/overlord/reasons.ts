import { ApiError } from "@muxi/protocol";

/** Why a run in the background is broken off: its process ends, and another one takes it over. */
export const handOver = new ApiError("SERVICE_UNAVAILABLE", "The formation is shutting down: try again");

/** Why a run is broken off when another process has taken its request over. */
export const taken = new ApiError(
  "SERVICE_UNAVAILABLE",
  "Another process of the formation has taken the request over: read it at /v1/requests",
);

/** A user has asked for it. */
export const cancelled = new ApiError("CANCELLED", "Stopped on request");

/** What the database did not take. */
export const unavailable = (what: string, cause: unknown) =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    `${what} could not be stored: check the formation's disk, then try again`,
    { cause },
  );
