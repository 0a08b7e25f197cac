import {
  messageListQuerySchema,
  messageListSchema,
  restoreRequestSchema,
  restoreResultSchema,
  sessionListQuerySchema,
  sessionListSchema,
  sessionSchema,
} from "../schemas/index.ts";
import { sessionId } from "./parameters.ts";
import { type Route, route } from "./route.ts";

/** Sessions (docs/spec/formation-api.md "Sessions"). */
export const sessionsRoutes = {
  getSessions: route({
    method: "GET",
    path: "/sessions",
    summary: "List the user's sessions, newest first",
    tag: "Sessions",
    user: "required",
    query: sessionListQuerySchema,
    object: "session_list",
    type: "session.list",
    data: sessionListSchema,
  }),
  getSession: route({
    method: "GET",
    path: "/sessions/{session_id}",
    summary: "Get a session",
    tag: "Sessions",
    user: "required",
    params: sessionId,
    object: "session",
    type: "session.retrieved",
    data: sessionSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
  getSessionMessages: route({
    method: "GET",
    path: "/sessions/{session_id}/messages",
    summary: "List the newest messages of a session, oldest first; an unknown session has none",
    tag: "Sessions",
    user: "required",
    params: sessionId,
    query: messageListQuerySchema,
    object: "session",
    type: "session.messages.list",
    data: messageListSchema,
  }),
  restoreSession: route({
    method: "POST",
    path: "/sessions/{session_id}/restore",
    summary: "Replace the messages of a session",
    tag: "Sessions",
    user: "required",
    params: sessionId,
    body: restoreRequestSchema,
    object: "session",
    type: "session.restored",
    data: restoreResultSchema,
    errors: ["RESOURCE_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
