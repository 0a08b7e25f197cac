import { ApiError, type routes } from "@muxi/protocol";
import type { Runs } from "../overlord/index.ts";
import { type Endpoint, streamed } from "./endpoint.ts";
import { streamEvents } from "./sse.ts";

/** `DELETE /requests/{request_id}` (contract/formation-api.md 4.3). */
export const cancelEndpoint = (runs: Runs): Endpoint<typeof routes.cancelRequest> => {
  return async ({ params: { request_id }, userId }) => {
    const run = runs.get(request_id);
    if (!run)
      throw new ApiError("NOT_FOUND", `Request '${request_id}' not found: it may have ended a while ago`);
    if (userId !== undefined && run.identity.userId !== userId) {
      throw new ApiError("FORBIDDEN", `Request '${request_id}' belongs to another user`);
    }
    if (run.state === "completed" || run.state === "failed") {
      throw new ApiError("OPERATION_FAILED", `Request '${request_id}' has already ${run.state}`);
    }
    run.stop(new ApiError("CANCELLED", "Stopped on request"));
    return { request_id, status: "cancelled", cancellation: "immediate", message: "Request cancelled" };
  };
};

/** `GET /events/{session_id}/{request_id}`: resumes a stream that broke off. */
export const requestEventsEndpoint = (runs: Runs): Endpoint<typeof routes.getRequestEvents> => {
  return async ({ params, query, userId, request, reply }) => {
    const run = runs.get(params.request_id);
    const isVisible =
      run?.identity.sessionId === params.session_id &&
      (userId === undefined || run.identity.userId === userId);
    if (!run || !isVisible) {
      throw new ApiError(
        "REQUEST_NOT_FOUND",
        `Request '${params.request_id}' not found: requests can be followed for 300 s after their end`,
      );
    }
    const lastEventId = Number(request.headers["last-event-id"]);
    const after = query.after ?? (Number.isInteger(lastEventId) && lastEventId > 0 ? lastEventId : 0);
    streamEvents(reply, run.log, Math.min(after, run.log.lastSeq), () => {});
    return streamed;
  };
};
