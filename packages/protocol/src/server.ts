import * as z from "zod";

/**
 * The control plane's wire (contract/server-api.md): its envelopes differ from the Formation API's.
 * Success is `{success, data}` or a flat object; an error is `{error, message, code}` with the status as code.
 */
export const serverErrorSchema = z
  .object({
    error: z.string().describe("Standard text of the status, or what the proxy found"),
    message: z.string(),
    code: z.number().int().describe("HTTP status"),
  })
  .meta({ id: "ServerErrorBody" });

export type ServerErrorBody = z.infer<typeof serverErrorSchema>;

export const serverHealthSchema = z
  .object({ success: z.literal(true), status: z.literal("ok"), version: z.string() })
  .meta({ id: "ServerHealth" });

export const serverStatusSchema = z
  .object({
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
  })
  .meta({ id: "ServerStatus" });

export type ServerStatus = z.infer<typeof serverStatusSchema>;

export const devRunRequestSchema = z.object({
  path: z.string().min(1).optional().describe("Absolute path of a formation folder"),
  formation_id: z.string().min(1).optional().describe("Formation whose draft folder is meant"),
});

export const devStopRequestSchema = z.object({ formation_id: z.string().min(1) });

export const devResultSchema = z
  .object({
    success: z.literal(true),
    formation_id: z.string(),
    port: z.number().int().optional(),
    pid: z.number().int().optional(),
    status: z.enum(["running", "stopped"]),
  })
  .meta({ id: "DevResult" });

export type DevResult = z.infer<typeof devResultSchema>;

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
