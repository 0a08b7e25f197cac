import { logEntrySchema, logFilterSchema } from "../schemas/index.ts";
import { noData } from "./parameters.ts";
import { type Route, route } from "./route.ts";

/** What happens in the formation, as it happens (docs/spec/formation-api.md "Logs" and "Log stream"). */
export const logsRoutes = {
  streamLogs: route({
    method: "GET",
    path: "/logs",
    summary: "Follow log entries that match, from now on; needs at least one filter",
    tag: "Logs",
    key: "admin",
    query: logFilterSchema,
    object: "logging",
    type: "logging.stream",
    data: noData,
    stream: { events: logEntrySchema, always: true },
    errors: ["INVALID_REQUEST"],
  }),
} as const satisfies Record<string, Route>;
