import * as z from "zod";
import { lazy } from "../base/index.ts";
import {
  chatAcceptedSchema,
  chatEventSchema,
  chatRequestSchema,
  chatResultSchema,
} from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

const answer = lazy(() => z.union([chatResultSchema(), chatAcceptedSchema()]));

/** Chat (docs/spec/formation-api.md "Chat"). */
export const chatRoutes = {
  chat: route({
    method: "POST",
    path: "/chat",
    summary: "Send a message and get the answer, as a stream of events unless `stream` is false",
    tag: "Chat",
    user: "optional",
    body: chatRequestSchema,
    object: "message",
    type: "chat.completed",
    background: { status: 202, object: "request", type: "chat.async_accepted" },
    data: answer,
    stream: { events: chatEventSchema, always: false },
    errors: [
      "INVALID_REQUEST",
      "AGENT_NOT_FOUND",
      "RESOURCE_NOT_FOUND",
      "CONFLICT",
      "SESSION_BUSY",
      "IDEMPOTENCY_KEY_REUSED",
      "PAYLOAD_TOO_LARGE",
      "LLM_REFUSED",
      "TASK_FAILED",
      "OUTPUT_INVALID",
      "LLM_NOT_CONFIGURED",
      "LLM_RATE_LIMITED",
      "LLM_ERROR",
      "LLM_TIMEOUT",
      "CANCELLED",
      "SERVICE_UNAVAILABLE",
      "SYSTEM_OVERLOAD",
    ],
  }),
} as const satisfies Record<string, Route>;
