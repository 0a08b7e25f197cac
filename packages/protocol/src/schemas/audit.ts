import * as z from "zod";
import { before, count, isoTime, lazy, limit, named, next, orNull, text } from "../base/index.ts";

export const auditResourceSchema = lazy(() =>
  z.enum([
    "agent",
    "secret",
    "mcp_server",
    "scheduler_job",
    "logging_destination",
    "async",
    "memory",
    "tool",
  ]),
);

/**
 * The endpoint itself checks `since`: one that is no time is 400 `INVALID_PARAMETER` (docs/spec/formation-api.md
 * "Audit log").
 */
export const auditQuerySchema = lazy(() =>
  z.object({
    limit: limit("Entries to return", 1000, 100),
    before: before(),
    action: z.string().max(200).optional().describe("Only entries of this action"),
    resource_type: auditResourceSchema().optional().describe("Only entries about this kind of resource"),
    since: z
      .string()
      .max(100)
      .optional()
      .describe("Only entries from this time on, ISO 8601; UTC when it names no zone"),
  }),
);

export const auditEntrySchema = named(
  "AuditEntry",
  "A change that was made with the admin key, a call that was refused, or a tool's call that somebody decided on.",
  () =>
    z.object({
      id: text("Id of the entry"),
      timestamp: isoTime("When it happened"),
      action: text(
        "The `type` of the call's answer, such as `secret.created`, `auth.denied`, `tool.approved` or `tool.denied`",
      ),
      resource_type: text("Kind of resource that was changed, such as `secret`"),
      resource_id: orNull(text("Id of the resource; null when the call names none")),
      user_id: orNull(text("User that the call was about; null when it concerned none")),
      request_id: text("Id of the call"),
      ip: text("Address that the call came from"),
      outcome: z.enum(["success", "denied"]).describe("Whether the change was made or the call refused"),
      details: orNull(
        z
          .record(z.string(), z.unknown())
          .describe("For `tool.approved` and `tool.denied` who decided and the arguments; null otherwise"),
      ),
      suppressed: count("refused calls since the entry before that have no entry of their own"),
    }),
);

export const auditLogSchema = named("AuditLog", "Entries of the audit log.", () =>
  z.object({
    entries: z.array(auditEntrySchema()).describe("The entries that fit, newest first"),
    total_entries: count("entries that fit, also beyond `limit`"),
    limit: z.number().int().describe("The limit that was applied"),
    next: next(),
  }),
);

export const auditClearedSchema = named("AuditCleared", "The audit log was emptied.", () =>
  z.object({
    previous_entries_count: count("entries that were removed"),
    cleared_by: text("Kind of key that emptied it: `admin`"),
    message: text("What was done, in words"),
  }),
);
