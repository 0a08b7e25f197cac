import * as z from "zod";
import { before, flag, lazy, limit } from "../base/index.ts";
import {
  cancelResultSchema,
  chatEventSchema,
  formationEventSchema,
  requestAnswerResultSchema,
  requestAnswerSchema,
  requestListSchema,
  requestStatusSchema,
} from "../schemas/index.ts";
import { noData, requestId, requestOfSession, sessionId } from "./parameters.ts";
import { type Route, route } from "./route.ts";

const listQuery = lazy(() =>
  z.object({
    limit: limit("Requests to return", 1000, 50),
    before: before(),
    waiting: flag("`true`: only those that wait for an answer; absent, all").optional(),
  }),
);
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
    summary: "List the user's requests, newest first; with the admin key and no user, everybody's",
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
    summary: "Get the state of a request, and its answer",
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
  answerRequest: route({
    method: "POST",
    path: "/requests/{request_id}/answer",
    summary: "Answer what a request waits for: a question, or whether a tool may be called",
    tag: "Requests",
    key: "either",
    user: "filter",
    params: requestId,
    body: requestAnswerSchema,
    object: "request_status",
    type: "request.answered",
    status: 202,
    data: requestAnswerResultSchema,
    errors: ["REQUEST_NOT_FOUND", "FORBIDDEN", "CONFLICT", "GONE", "SERVICE_UNAVAILABLE"],
  }),
  getUserEvents: route({
    method: "GET",
    path: "/events",
    summary:
      "Follow what happens in the user's requests from now on; with the admin key and no user, in everybody's",
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
    summary: "Follow what happens in a session from now on",
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
    summary: "Follow a request: first the events that the caller has not seen, then new ones",
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
