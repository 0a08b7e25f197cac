import * as z from "zod";
import { type Infer, lazy, named, namedRequest } from "./lazy.ts";

const isoTime = z.string().describe("ISO 8601, UTC");

export const sessionSummarySchema = named("SessionSummary", () =>
  z.object({
    session_id: z.string(),
    user_id: z.string(),
    last_activity: isoTime,
    active: z.boolean().describe("Whether something happened in the last 30 minutes"),
  }),
);

export const sessionListSchema = named("SessionList", () =>
  z.object({ sessions: z.array(sessionSummarySchema()), count: z.number().int() }),
);

export const sessionSchema = named("Session", () =>
  sessionSummarySchema().extend({ message_count: z.number().int(), created_at: isoTime }),
);

export const roleSchema = lazy(() => z.enum(["user", "assistant", "system"]));

export type Role = Infer<typeof roleSchema>;

/** A stored message. `text` and `metadata` repeat the content in the shape that older clients read. */
export const messageSchema = named("Message", () =>
  z.object({
    id: z.string(),
    role: roleSchema(),
    content: z.string(),
    timestamp: isoTime,
    agent_id: z.string().optional(),
    text: z.string(),
    metadata: z.record(z.string(), z.unknown()),
  }),
);

export type Message = Infer<typeof messageSchema>;

export const messageListSchema = named("MessageList", () =>
  z.object({
    session_id: z.string(),
    messages: z.array(messageSchema()).describe("Oldest first"),
    count: z.number().int(),
    has_more: z.boolean().describe("Whether older ones exist: ask again with `before`"),
  }),
);

/** An ISO time; one without a zone is UTC. */
const time = z.iso
  .datetime({ offset: true, local: true })
  .transform((text) => Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`))
  .describe("ISO 8601; UTC when it names no zone");

const limit = (maximum: number, fallback: number) =>
  z.coerce.number().int().min(1).max(maximum).default(fallback);

const flag = lazy(() =>
  z
    .enum(["true", "false", "1", "0"])
    .default("false")
    .transform((value) => value === "true" || value === "1"),
);

export const sessionListQuerySchema = lazy(() => z.object({ limit: limit(1000, 50), active_only: flag() }));

export const messageListQuerySchema = lazy(() =>
  z.object({
    limit: limit(1000, 50),
    before: time.optional().describe("Only messages older than this"),
  }),
);

const restoreMessageSchema = lazy(() =>
  z.object({
    role: roleSchema(),
    content: z.string(),
    timestamp: time,
    agent_id: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
  }),
);

export const restoreRequestSchema = namedRequest("RestoreRequest", () =>
  z.object({ messages: z.array(restoreMessageSchema()).max(10_000) }),
);

export const restoreResultSchema = named("RestoreResult", () =>
  z.object({
    session_id: z.string(),
    messages_loaded: z.number().int(),
    messages_dropped: z.number().int(),
    message: z.string(),
  }),
);
