import * as z from "zod";
import { lazy, named } from "./lazy.ts";

export const auditResourceSchema = lazy(() =>
  z.enum(["agent", "secret", "mcp_server", "scheduler_job", "logging_destination", "async", "memory"]),
);

/**
 * Looked at by the endpoint: a bad one is 400 `INVALID_PARAMETER` (docs/spec/formation-api.md "Audit log").
 */
export const auditQuerySchema = lazy(() =>
  z.object({
    limit: z.coerce.number().int().min(1).max(1000).default(100),
    action: z.string().max(200).optional(),
    resource_type: auditResourceSchema().optional(),
    since: z.string().max(100).optional().describe("ISO 8601; UTC when it names no zone"),
  }),
);

export const auditEntrySchema = named("AuditEntry", () =>
  z.object({
    id: z.string(),
    timestamp: z.string().describe("ISO 8601, UTC"),
    action: z.string(),
    resource_type: z.string(),
    resource_id: z.string().nullable(),
    user_id: z.string().nullable(),
    request_id: z.string(),
    ip: z.string(),
    outcome: z.enum(["success", "denied"]),
    suppressed: z.number().int().describe("Refused calls before this one that have no entry of their own"),
  }),
);

export const auditLogSchema = named("AuditLog", () =>
  z.object({
    entries: z.array(auditEntrySchema()).describe("Newest first"),
    total_entries: z.number().int(),
    limit: z.number().int(),
  }),
);

export const auditClearedSchema = named("AuditCleared", () =>
  z.object({ previous_entries_count: z.number().int(), cleared_by: z.string(), message: z.string() }),
);
