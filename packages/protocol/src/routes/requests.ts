import * as z from "zod";
import { chatEventSchema } from "../chat.ts";
import { cancelResultSchema } from "../requests.ts";
import { type Route, route } from "../route.ts";
import { requestId, sessionId } from "./parameters.ts";

/** Requests and their events (contract/formation-api.md 4.3, 4.5). */
export const requestsRoutes = {
  cancelRequest: route({
    method: "DELETE",
    path: "/requests/{request_id}",
    summary: "Stop a request",
    tag: "Requests",
    key: "either",
    user: "filter",
    params: requestId,
    object: "request_status",
    type: "request.cancelled",
    data: cancelResultSchema,
    errors: ["NOT_FOUND", "FORBIDDEN", "OPERATION_FAILED"],
  }),
  getRequestEvents: route({
    method: "GET",
    path: "/events/{session_id}/{request_id}",
    summary: "Follow a request: what the caller has not seen yet, then what comes",
    tag: "Events",
    key: "either",
    user: "filter",
    params: sessionId.extend(requestId.shape),
    query: z.object({
      after: z.coerce.number().int().nonnegative().optional().describe("Like the header Last-Event-ID"),
    }),
    object: "request",
    type: "request.events",
    data: z.object({}),
    stream: { events: chatEventSchema, always: true },
    errors: ["REQUEST_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
