import { audioChatRequestSchema, chatEventSchema } from "../schemas/index.ts";
import { chatRoutes } from "./chat.ts";
import { type Route, route } from "./route.ts";

/** Chat by voice (docs/spec/formation-api.md "Audio chat"). */
export const audioRoutes = {
  audioChat: route({
    method: "POST",
    path: "/audiochat",
    summary:
      "Send recordings as a message and get the answer, as a stream of events unless `stream` is false",
    tag: "Chat",
    user: "optional",
    body: audioChatRequestSchema,
    object: "message",
    type: "chat.completed",
    background: chatRoutes.chat.background,
    data: chatRoutes.chat.data,
    stream: { events: chatEventSchema, always: false },
    errors: [
      "VALIDATION_ERROR",
      "AGENT_NOT_FOUND",
      "RESOURCE_NOT_FOUND",
      "CONFLICT",
      "SESSION_BUSY",
      "IDEMPOTENCY_KEY_REUSED",
      "PAYLOAD_TOO_LARGE",
      "LLM_REFUSED",
      "TASK_FAILED",
      "LLM_NOT_CONFIGURED",
      "LLM_RATE_LIMITED",
      "LLM_ERROR",
      "LLM_TIMEOUT",
      "CANCELLED",
      "SERVICE_UNAVAILABLE",
    ],
  }),
} as const satisfies Record<string, Route>;
