import { usageReportQuerySchema, usageReportSchema } from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

/** What requests have used (docs/spec/formation-api.md "Usage"). */
export const usageRoutes = {
  getUsage: route({
    method: "GET",
    path: "/usage",
    summary: "Report the tokens and the cost of requests by user, agent, model and day",
    tag: "Requests",
    key: "admin",
    query: usageReportQuerySchema,
    object: "usage_report",
    type: "usage.retrieved",
    data: usageReportSchema,
    errors: ["INVALID_PARAMETER"],
  }),
} as const satisfies Record<string, Route>;
