import * as z from "zod";
import { type Infer, lazy, named } from "./lazy.ts";

/**
 * The control plane's wire (contract/server-api.md): its envelopes differ from the Formation API's.
 * Success is `{success, data}` or a flat object; an error is `{error, message, code}` with the status as code.
 */
export const serverErrorSchema = named("ServerErrorBody", () =>
  z.object({
    error: z.string().describe("Standard text of the status, or what the proxy found"),
    message: z.string(),
    code: z.number().int().describe("HTTP status"),
  }),
);

export type ServerErrorBody = Infer<typeof serverErrorSchema>;

export const serverHealthSchema = named("ServerHealth", () =>
  z.object({ success: z.literal(true), status: z.literal("ok"), version: z.string() }),
);

export const serverStatusSchema = named("ServerStatus", () =>
  z.object({
    server: z.object({ id: z.string(), version: z.string(), uptime: z.number().int().describe("Seconds") }),
    formations: z.object({
      total: z.number().int(),
      running: z.number().int(),
      stopped: z.number().int(),
      crashed: z.number().int(),
    }),
    port_pool: z.object({
      total: z.number().int(),
      available: z.number().int(),
      allocated: z.number().int(),
    }),
    runtime: z.object({ type: z.literal("node"), version: z.string(), platform: z.string() }),
  }),
);

export type ServerStatus = Infer<typeof serverStatusSchema>;

export const devRunRequestSchema = lazy(() =>
  z.object({
    path: z.string().min(1).optional().describe("Absolute path of a formation folder"),
    formation_id: z.string().min(1).optional().describe("Formation whose draft folder is meant"),
  }),
);

export const devStopRequestSchema = lazy(() => z.object({ formation_id: z.string().min(1) }));

export const devResultSchema = named("DevResult", () =>
  z.object({
    success: z.literal(true),
    formation_id: z.string(),
    port: z.number().int().optional(),
    pid: z.number().int().optional(),
    status: z.enum(["running", "stopped"]),
  }),
);

export type DevResult = Infer<typeof devResultSchema>;

/** Status of a formation (contract/server-api.md 10.1); `unhealthy` is only ever seen in a list. */
export const deployedStatusSchema = lazy(() =>
  z.enum(["starting", "running", "unhealthy", "stopping", "stopped", "crashed"]),
);

/** An item of `GET /rpc/formations` (contract/server-api.md 8.3). */
export const deployedFormationSchema = lazy(() =>
  z.object({
    id: z.string(),
    name: z.string(),
    port: z.number().int(),
    pid: z.number().int(),
    status: deployedStatusSchema(),
    uptime: z.number().int().describe("Seconds; 0 unless it runs"),
    restart_count: z.number().int(),
    healthy: z.boolean().nullable().describe("Null while it starts"),
    version: z
      .object({
        semantic: z.string().describe("Of the manifest"),
        current: z.string().describe("SHA-256 of the bundle that runs"),
        previous: z.string().optional(),
      })
      .optional(),
  }),
);

export type DeployedFormation = Infer<typeof deployedFormationSchema>;

/** `GET /rpc/formations/{id}` (contract/server-api.md 8.4). */
export const deployedFormationDetailSchema = lazy(() =>
  deployedFormationSchema().extend({
    created_at: z.string(),
    deployed_at: z.string(),
    updated_at: z.string().describe("Start of the process"),
    last_health_check: z.string().optional(),
  }),
);

export type DeployedFormationDetail = Infer<typeof deployedFormationDetailSchema>;

/** Query of `GET /rpc/formations/{id}/logs` (contract/server-api.md 8.7). */
export const formationLogsQuerySchema = lazy(() =>
  z.object({
    lines: z.coerce.number().int().min(1).max(10_000).default(100),
    stream: z.enum(["stdout", "stderr", "all"]).default("all"),
    follow: z.enum(["true", "1", "false", "0"]).default("false"),
  }),
);

/** Query of `GET /rpc/server/logs`. */
export const serverLogsQuerySchema = lazy(() => formationLogsQuerySchema().pick({ lines: true }));

/** Body of `POST /rpc/formations/{id}/draft/files` (contract/server-api.md 13.4). */
export const draftFilesRequestSchema = lazy(() =>
  z.object({
    action: z.string(),
    mode: z.string().optional(),
    path: z.string().optional(),
    content: z.string().optional(),
    encoding: z.enum(["utf-8", "base64"]).default("utf-8"),
  }),
);

export type DraftFilesRequest = Infer<typeof draftFilesRequestSchema>;

/** A step of a long operation, as an event `progress` (contract/server-api.md 17.2). */
export interface OperationProgress {
  stage: string;
  message: string;
  [field: string]: unknown;
}

/** Ids under which a formation can be deployed (contract/server-api.md 9.1). */
export const formationIdPattern = /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/;

/** Ids that would shadow the server's own paths. */
export const reservedFormationIds: ReadonlySet<string> = new Set([
  "health",
  "ping",
  "rpc",
  "server",
  "admin",
  "metrics",
  "api",
  "draft",
  "mcp",
  "docs",
]);
