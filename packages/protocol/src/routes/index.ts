/** Every endpoint of the Formation API (contract/formation-api.md 4), one file per group. */
import type { Route } from "../route.ts";
import { agentsRoutes } from "./agents.ts";
import { chatRoutes } from "./chat.ts";
import { requestsRoutes } from "./requests.ts";
import { sessionsRoutes } from "./sessions.ts";
import { systemRoutes } from "./system.ts";

/** The runtime mounts these rows and `openApi` describes them: a row that is missing here does not exist. */
export const routes = {
  ...systemRoutes,
  ...agentsRoutes,
  ...chatRoutes,
  ...requestsRoutes,
  ...sessionsRoutes,
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof routes;
