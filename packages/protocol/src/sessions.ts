import * as z from "zod";

const isoTime = z.string().describe("ISO 8601, UTC");

export const sessionSummarySchema = z
  .object({
    session_id: z.string(),
    user_id: z.string(),
    last_activity: isoTime,
    active: z.boolean().describe("Whether something happened in the last 30 minutes"),
  })
  .meta({ id: "SessionSummary" });

export const sessionListSchema = z
  .object({ sessions: z.array(sessionSummarySchema), count: z.number().int() })
  .meta({ id: "SessionList" });

export const sessionSchema = sessionSummarySchema
  .extend({ message_count: z.number().int(), created_at: isoTime })
  .meta({ id: "Session" });

export const roleSchema = z.enum(["user", "assistant", "system"]);

export type Role = z.infer<typeof roleSchema>;

/** A stored message. `text` and `metadata` repeat the content in the shape that older clients read. */
export const messageSchema = z
  .object({
    id: z.string(),
    role: roleSchema,
    content: z.string(),
    timestamp: isoTime,
    agent_id: z.string().optional(),
    text: z.string(),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Message" });

export type Message = z.infer<typeof messageSchema>;

export const messageListSchema = z
  .object({
    session_id: z.string(),
    messages: z.array(messageSchema).describe("Oldest first"),
    count: z.number().int(),
    has_more: z.boolean().describe("Whether older ones exist: ask again with `before`"),
  })
  .meta({ id: "MessageList" });

/** An ISO time; one without a zone is UTC. */
const time = z.iso
  .datetime({ offset: true, local: true })
  .transform((text) => Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`))
  .describe("ISO 8601; UTC when it names no zone");

const limit = (maximum: number, fallback: number) =>
  z.coerce.number().int().min(1).max(maximum).default(fallback);

const flag = z
  .enum(["true", "false", "1", "0"])
  .default("false")
  .transform((value) => value === "true" || value === "1");

export const sessionListQuerySchema = z.object({ limit: limit(1000, 50), active_only: flag });

export const messageListQuerySchema = z.object({
  limit: limit(1000, 50),
  before: time.optional().describe("Only messages older than this"),
});

const restoreMessageSchema = z.object({
  role: roleSchema,
  content: z.string(),
  timestamp: time,
  agent_id: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});

export const restoreRequestSchema = z
  .object({ messages: z.array(restoreMessageSchema).max(10_000) })
  .meta({ id: "RestoreRequest" });

export const restoreResultSchema = z
  .object({
    session_id: z.string(),
    messages_loaded: z.number().int(),
    messages_dropped: z.number().int(),
    message: z.string(),
  })
  .meta({ id: "RestoreResult" });
