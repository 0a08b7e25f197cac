import {
  formationConfigSchema,
  formationDocumentSchema,
  formationStatusSchema,
  healthSchema,
} from "../schemas/index.ts";
import { type Route, route } from "./route.ts";

/** Health, status and the configuration (docs/spec/formation-api.md "Health and status"). */
export const systemRoutes = {
  getHealth: route({
    method: "GET",
    path: "/health",
    summary: "Check whether the formation can answer",
    tag: "System",
    key: "none",
    object: "status",
    type: "status.retrieved",
    data: healthSchema,
    errors: ["SERVICE_UNAVAILABLE"],
  }),
  getStatus: route({
    method: "GET",
    path: "/status",
    summary: "Get what the formation is and how busy it is",
    tag: "System",
    key: "admin",
    object: "formation_status",
    type: "formation.status.retrieved",
    data: formationStatusSchema,
  }),
  getConfig: route({
    method: "GET",
    path: "/config",
    summary: "Get an overview of the configuration",
    tag: "System",
    key: "admin",
    object: "formation_config",
    type: "formation.config.retrieved",
    data: formationConfigSchema,
  }),
  getFormation: route({
    method: "GET",
    path: "/formation",
    summary: "Get the manifest as written, without its secrets",
    tag: "System",
    key: "admin",
    object: "formation_config",
    type: "formation.config.retrieved",
    data: formationDocumentSchema,
  }),
} as const satisfies Record<string, Route>;
