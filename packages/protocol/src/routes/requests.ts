import * as z from "zod";
import { chatEventSchema } from "../chat.ts";
import { limit } from "../fields.ts";
import { lazy } from "../lazy.ts";
import {
  cancelResultSchema,
  formationEventSchema,
  requestListSchema,
  requestStatusSchema,
} from "../requests.ts";
import { type Route, route } from "../route.ts";
import { noData, requestId, sessionId } from "./parameters.ts";

const listQuery = lazy(() => z.object({ limit: limit("Requests to return", 1000, 50) }));
const requestOfSession = lazy(() => sessionId().extend(requestId().shape));
const eventsQuery = lazy(() =>
  z.object({
    after: z.coerce
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe(
        "Only events with a higher number. Wins over the header Last-Event-ID; absent and without it, all events",
      ),
  }),
);

/** Requests and their events (docs/spec/formation-api.md "Requests" and "Events"). */
export const requestsRoutes = {
  getRequests: route({
    method: "GET",
    path: "/requests",
    summary: "The user's requests, newest first; with the admin key everybody's",
    tag: "Requests",
    key: "either",
    user: "filter",
    query: listQuery,
    object: "request_list",
    type: "request.list.retrieved",
    data: requestListSchema,
  }),
  getRequest: route({
    method: "GET",
    path: "/requests/{request_id}",
    summary: "How a request stands, and its answer",
    tag: "Requests",
    key: "either",
    user: "filter",
    params: requestId,
    object: "request_status",
    type: "request.status.retrieved",
    data: requestStatusSchema,
    errors: ["REQUEST_NOT_FOUND", "FORBIDDEN"],
  }),
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
  getUserEvents: route({
    method: "GET",
    path: "/events",
    summary: "What happens to the user from now on; with the admin key to everybody",
    tag: "Events",
    key: "either",
    user: "filter",
    object: "request",
    type: "request.events",
    data: noData,
    stream: { events: formationEventSchema, always: true },
  }),
  getSessionEvents: route({
    method: "GET",
    path: "/events/{session_id}",
    summary: "What happens in a session from now on",
    tag: "Events",
    key: "either",
    user: "filter",
    params: sessionId,
    object: "request",
    type: "request.events",
    data: noData,
    stream: { events: formationEventSchema, always: true },
  }),
  getRequestEvents: route({
    method: "GET",
    path: "/events/{session_id}/{request_id}",
    summary: "Follow a request: what the caller has not seen yet, then what comes",
    tag: "Events",
    key: "either",
    user: "filter",
    params: requestOfSession,
    query: eventsQuery,
    object: "request",
    type: "request.events",
    data: noData,
    stream: { events: chatEventSchema, always: true },
    errors: ["REQUEST_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
