import {
  triggerBodySchema,
  triggerListSchema,
  triggerQuerySchema,
  triggerResultSchema,
  triggerSchema,
} from "../schemas/index.ts";
import { fileName } from "./parameters.ts";
import { type Route, route } from "./route.ts";

/** Triggers (docs/spec/formation-api.md "Triggers"). */
export const triggersRoutes = {
  getTriggers: route({
    method: "GET",
    path: "/triggers",
    summary: "List the names of the triggers",
    tag: "Triggers",
    object: "list",
    type: "list.retrieved",
    data: triggerListSchema,
  }),
  getTrigger: route({
    method: "GET",
    path: "/triggers/{name}",
    summary: "Get a trigger with its template",
    tag: "Triggers",
    params: fileName,
    object: "trigger",
    type: "trigger.retrieved",
    data: triggerSchema,
    errors: ["INVALID_REQUEST", "TRIGGER_NOT_FOUND"],
  }),
  fireTrigger: route({
    method: "POST",
    path: "/triggers/{name}",
    summary:
      "Fill a trigger's template with data and answer it, in the background unless `use_async` is false",
    tag: "Triggers",
    user: "optional",
    params: fileName,
    query: triggerQuerySchema,
    body: triggerBodySchema,
    object: "request",
    type: "request.completed",
    background: { status: 200, object: "request", type: "request.processing" },
    data: triggerResultSchema,
    errors: [
      "INVALID_REQUEST",
      "RESOURCE_NOT_FOUND",
      "CONFLICT",
      "IDEMPOTENCY_KEY_REUSED",
      "LLM_REFUSED",
      "TASK_FAILED",
      "OUTPUT_INVALID",
      "LLM_NOT_CONFIGURED",
      "LLM_RATE_LIMITED",
      "LLM_ERROR",
      "LLM_TIMEOUT",
      "CANCELLED",
      "SERVICE_UNAVAILABLE",
    ],
  }),
} as const satisfies Record<string, Route>;
