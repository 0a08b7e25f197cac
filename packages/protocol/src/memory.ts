import * as z from "zod";
import { lazy, named, namedRequest } from "./lazy.ts";

const isoTime = z.string().describe("ISO 8601, UTC");

export const memoryScopeSchema = named("MemoryScope", () => z.enum(["user", "group", "formation"]));

/** `user,formation`: the scopes, each once. */
const scopes = lazy(() =>
  z
    .string()
    .transform((text) => [...new Set(text.split(",").map((part) => part.trim()))])
    .pipe(z.array(memoryScopeSchema()).min(1)),
);

export const memorySchema = named("Memory", () =>
  z.object({
    id: z.string(),
    content: z.string(),
    created_at: isoTime,
    metadata: z.record(z.string(), z.unknown()).describe("`type` and `source` among others"),
    scope: memoryScopeSchema(),
    scope_id: z.string().nullable(),
  }),
);

export const memoryListQuerySchema = lazy(() =>
  z.object({
    limit: z.coerce.number().int().min(1).max(100).default(10),
    offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
    scopes: scopes()
      .optional()
      .describe("Some of user, group and formation, with commas; all that the key may read"),
  }),
);

export const memoryListSchema = named("MemoryList", () =>
  z.object({ memories: z.array(memorySchema()).describe("Newest first"), count: z.number().int() }),
);

const name = z.string().trim().min(1).max(200);

/** Largest metadata of a memory, in characters of JSON. */
const largestMetadata = 16_384;

const metadata = lazy(() =>
  z
    .record(z.string(), z.unknown())
    .refine(
      (value) => JSON.stringify(value).length <= largestMetadata,
      `must not exceed ${largestMetadata} characters`,
    ),
);

const memoryFields = () => ({
  type: z.string().max(200).optional().describe("Kind of memory, such as `preference`"),
  detail: z.string().optional().describe("What to remember"),
  content: z.string().optional().describe("Like `detail`, and wins over it"),
  metadata: metadata().nullish(),
  subject: name.nullish().describe("What it is about: a later memory of the same subject takes its place"),
});

const hasText = ({ content, detail }: { content?: string | undefined; detail?: string | undefined }) =>
  (content ?? "").trim() !== "" || (detail ?? "").trim() !== "";

const needsText = { error: "needs a text in detail or content", path: ["detail"] };

export const memoryRequestSchema = namedRequest("MemoryRequest", () =>
  z
    .object({
      ...memoryFields(),
      scope: memoryScopeSchema().default("user"),
      scope_id: name.nullish().describe("The group of the scope `group`"),
      source: name.nullish(),
      source_id: name.nullish(),
    })
    .refine(hasText, needsText)
    .refine(({ scope, scope_id }) => scope !== "group" || scope_id != null, {
      error: "is needed with the scope group",
      path: ["scope_id"],
    }),
);

export const memoryCreatedSchema = named("MemoryCreated", () =>
  z.object({
    id: z.string(),
    content: z.object({ type: z.string(), detail: z.string() }),
    created_at: isoTime,
    metadata: z.record(z.string(), z.unknown()),
    scope: memoryScopeSchema(),
    scope_id: z.string().nullable(),
  }),
);

export const memoryDeletedSchema = named("MemoryDeleted", () =>
  z.object({ deleted: z.string().describe("Id of the memory that is gone"), user_id: z.string() }),
);

export const memoryConfigSchema = named("MemoryConfig", () =>
  z.looseObject({
    buffer: z.looseObject({
      size: z.number().int(),
      multiplier: z.number().int(),
      vector_search: z.boolean(),
    }),
    working: z.looseObject({ mode: z.string() }),
    persistent: z.looseObject({ enabled: z.boolean() }).describe("Connection strings are masked"),
  }),
);

export const bufferStatsSchema = named("BufferStats", () =>
  z.object({
    total_entries: z.number().int(),
    total_users: z.number().int(),
    total_sessions: z.number().int(),
    buffer_size_kb: z.number(),
    max_size: z.number().int().describe("Messages that the buffers of these users hold at most"),
    utilization: z.number().min(0).max(1),
  }),
);

export const userBufferSchema = named("UserBuffer", () =>
  z.object({
    user_id: z.string(),
    total_messages: z.number().int(),
    sessions: z.array(
      z.object({ session_id: z.string(), message_count: z.number().int(), last_activity: isoTime }),
    ),
    buffer_size_kb: z.number(),
  }),
);

export const bufferClearedSchema = named("BufferCleared", () =>
  z.object({
    message: z.string(),
    user_id: z.string().nullable(),
    messages_cleared: z.number().int(),
    sessions_cleared: z.number().int(),
  }),
);

export const sessionBufferClearedSchema = named("SessionBufferCleared", () =>
  z.object({
    message: z.string(),
    user_id: z.string().nullable(),
    session_id: z.string(),
    messages_cleared: z.number().int(),
  }),
);

export const bufferListSchema = named("BufferList", () =>
  z.object({
    buffers: z.array(
      z.object({
        total_entries: z.number().int(),
        max_size: z.number().int(),
        utilization: z.number(),
        kv_namespaces: z.array(z.string()),
      }),
    ),
  }),
);

export const allBuffersClearedSchema = named("AllBuffersCleared", () =>
  z.object({ message: z.string(), entries_cleared: z.number().int(), kv_entries_cleared: z.number().int() }),
);

/** A day or a time; a day means its begin, or with `end` its end. */
const date = (end: boolean) =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })], {
      error: "must be an ISO 8601 day or time, such as 2026-01-31 or 2026-01-31T08:00:00Z",
    })
    .transform((text) => {
      if (/^\d{4}-\d\d-\d\d$/.test(text)) return Date.parse(text) + (end ? 86_400_000 - 1 : 0);
      return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
    })
    .describe("ISO 8601 day or time; UTC when it names no zone");

export const historyQuerySchema = lazy(() =>
  z.object({
    limit: z.coerce.number().int().min(1).max(100).default(10),
    date_from: date(false).optional(),
    date_to: date(true).optional(),
    include_sources: z
      .enum(["true", "false", "1", "0"])
      .default("false")
      .transform((value) => value === "true" || value === "1"),
  }),
);

export const historySchema = named("History", () =>
  z.object({
    entries: z.array(
      z.object({
        id: z.string(),
        session_id: z.string(),
        title: z.string().describe("How the conversation began"),
        message_count: z.number().int(),
        created_at: isoTime,
        last_activity: isoTime,
        sources: z
          .array(
            z.object({ message_id: z.string(), role: z.string(), content: z.string(), timestamp: isoTime }),
          )
          .optional()
          .describe("Its newest messages, with `include_sources`"),
      }),
    ),
    count: z.number().int(),
  }),
);

export const ingestionRequestSchema = namedRequest("IngestionRequest", () =>
  z.object({
    // Each is checked for itself, so that one bad item does not keep the others out.
    items: z.array(z.unknown()).min(1),
  }),
);

export const ingestionItemSchema = namedRequest("IngestionItem", () =>
  z
    .object({
      ...memoryFields(),
      source: name,
      source_id: name.nullish(),
      timestamp: z.string().max(64).nullish(),
    })
    .refine(hasText, needsText),
);

const ingestionCounts = lazy(() =>
  z.object({
    accepted: z.number().int(),
    duplicate: z.number().int(),
    invalid: z.number().int(),
  }),
);

export const ingestionAcceptedSchema = named("IngestionAccepted", () =>
  z.object({
    processing_id: z.string().nullable().describe("Null when nothing was accepted"),
    items: z.array(
      z.object({
        index: z.number().int(),
        status: z.enum(["accepted", "duplicate", "invalid"]),
        error: z.string().optional(),
      }),
    ),
    counts: ingestionCounts(),
    status_url: z.string().optional(),
  }),
);

export const ingestionSchema = named("Ingestion", () =>
  z.object({
    processing_id: z.string(),
    status: z.enum(["queued", "processing", "completed", "failed"]),
    created_at: isoTime,
    counts: ingestionCounts(),
  }),
);

export const forgetRequestSchema = namedRequest("ForgetRequest", () =>
  z.object({
    user_id: name,
    source: name,
    reason: z.string().max(500).default("user_request"),
    rebuild: z.boolean().default(true),
  }),
);

export const memoryForgottenSchema = named("MemoryForgotten", () =>
  z.object({
    user_id: z.string(),
    source: z.string(),
    deleted_events: z.number().int(),
    grace_period_days: z.number().int(),
    projections: z.array(z.string()).optional(),
    rebuild_required: z.boolean().optional(),
  }),
);
