import { agentsRoutes } from "./agents.ts";
import { approvalsRoutes } from "./approvals.ts";
import { audioRoutes } from "./audio.ts";
import { auditRoutes } from "./audit.ts";
import { chatRoutes } from "./chat.ts";
import { configurationRoutes } from "./configuration.ts";
import { credentialsRoutes } from "./credentials.ts";
import { deliveriesRoutes } from "./deliveries.ts";
import { knowledgeRoutes } from "./knowledge.ts";
import { logsRoutes } from "./logs.ts";
import { memoryRoutes } from "./memory.ts";
import { proceduresRoutes } from "./procedures.ts";
import { requestsRoutes } from "./requests.ts";
import type { Route } from "./route.ts";
import { schedulerRoutes } from "./scheduler.ts";
import { secretsRoutes } from "./secrets.ts";
import { sessionsRoutes } from "./sessions.ts";
import { systemRoutes } from "./system.ts";
import { triggersRoutes } from "./triggers.ts";
import { usageRoutes } from "./usage.ts";
import { usersRoutes } from "./users.ts";

/** The runtime mounts these rows and `openApi` describes them: a row that is missing here does not exist. */
export const routes = {
  ...systemRoutes,
  ...configurationRoutes,
  ...secretsRoutes,
  ...proceduresRoutes,
  ...usersRoutes,
  ...credentialsRoutes,
  ...auditRoutes,
  ...logsRoutes,
  ...agentsRoutes,
  ...knowledgeRoutes,
  ...chatRoutes,
  ...audioRoutes,
  ...deliveriesRoutes,
  ...requestsRoutes,
  ...usageRoutes,
  ...approvalsRoutes,
  ...sessionsRoutes,
  ...memoryRoutes,
  ...triggersRoutes,
  ...schedulerRoutes,
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof routes;
