import * as z from "zod";
import { count, flag, isoTime, lazy, limit, named, namedRequest, orNull, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Memories". */
export const memoryScopeSchema = named(
  "MemoryScope",
  "Who shares a memory: its user alone, a group, or everybody who talks to the formation.",
  () => z.enum(["user", "group", "formation"]),
);

/** `user,formation`: the scopes, each once. */
const scopes = lazy(() =>
  z
    .string()
    .transform((value) => [...new Set(value.split(",").map((part) => part.trim()))])
    .pipe(z.array(memoryScopeSchema()).min(1)),
);

const scope = () => memoryScopeSchema().describe("Who shares the memory");
const scopeId = () => orNull(text("Group that shares the memory; null unless the scope is `group`"));

export const memorySchema = named("Memory", "Something that is remembered.", () =>
  z.object({
    id: text("Id of the memory"),
    content: text("What is remembered"),
    created_at: isoTime("When it was first remembered"),
    metadata: z
      .record(z.string(), z.unknown())
      .describe("What was stored with it, and `type`, `collection` and `updated_at`"),
    scope: scope(),
    scope_id: scopeId(),
  }),
);

export const memoryListQuerySchema = lazy(() =>
  z.object({
    limit: limit("Memories to return", 100, 10),
    offset: z.coerce
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe("Memories to skip, counted from the newest; default 0"),
    scopes: scopes()
      .optional()
      .describe("Some of user, group and formation, with commas; absent, all that the key may read"),
  }),
);

export const memoryListSchema = named("MemoryList", "What is remembered about a user.", () =>
  z.object({
    memories: z.array(memorySchema()).describe("The memories, newest first"),
    count: count("memories in this answer"),
  }),
);

const name = () => z.string().trim().min(1).max(200);

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
  type: z.string().max(200).optional().describe("Kind of memory, such as `preference`; absent, none"),
  detail: text("What to remember; needed without `content`").optional(),
  content: text("Like `detail`, and wins over it").optional(),
  metadata: metadata()
    .nullish()
    .describe("What to store with the memory, at most 16,384 characters of JSON; absent, nothing"),
  subject: name()
    .nullish()
    .describe(
      "What the memory is about, at most 200 characters: a later one about the same takes its place. Absent, " +
        "`source` and `source_id` together, or else its words",
    ),
});

const sourceId = () => name().nullish().describe("Id of the memory in that system, at most 200 characters");

const hasText = ({ content, detail }: { content?: string | undefined; detail?: string | undefined }) =>
  (content ?? "").trim() !== "" || (detail ?? "").trim() !== "";

const needsText = { error: "needs a text in detail or content", path: ["detail"] };

export const memoryRequestSchema = namedRequest("MemoryRequest", "Something to remember.", () =>
  z
    .object({
      ...memoryFields(),
      scope: memoryScopeSchema()
        .default("user")
        .describe("Who shares the memory; all but `user` need the admin key. Default `user`"),
      scope_id: name().nullish().describe("Group that shares the memory; needed with the scope `group`"),
      source: name().nullish().describe("System that the memory comes from, at most 200 characters"),
      source_id: sourceId(),
    })
    .refine(hasText, needsText)
    .refine((memory) => memory.scope !== "group" || memory.scope_id != null, {
      error: "is needed with the scope group",
      path: ["scope_id"],
    }),
);

export const memoryCreatedSchema = named("MemoryCreated", "Something was remembered.", () =>
  z.object({
    id: text("Id of the memory"),
    content: text("What is remembered"),
    created_at: isoTime("When it was first remembered"),
    metadata: z.record(z.string(), z.unknown()).describe("What was stored with it"),
    scope: scope(),
    scope_id: scopeId(),
  }),
);

export const memoryDeletedSchema = named("MemoryDeleted", "A memory was forgotten.", () =>
  z.object({
    deleted: text("Id that the memory had"),
    user_id: text("User about whom it was"),
  }),
);

export const memoryConfigSchema = named(
  "MemoryConfig",
  "The memory settings in effect, with what else the manifest says.",
  () =>
    z.looseObject({
      buffer: z
        .looseObject({
          size: z.number().int().describe("Messages that are placed in the context of a chat"),
          multiplier: z
            .number()
            .int()
            .describe("How many times that number of messages a user's buffer holds"),
          vector_search: z.boolean().describe("Whether older messages are found by their meaning"),
        })
        .describe("The newest messages of each user"),
      working: z
        .looseObject({ mode: text("Where working memory is kept, such as `local`") })
        .describe("What agents keep while they work"),
      persistent: z
        .looseObject({ enabled: z.boolean().describe("Whether anything is remembered beyond the messages") })
        .describe("Long-term memory; connection strings are masked"),
    }),
);

export const bufferStatsSchema = named("BufferStats", "How full the buffers of recent messages are.", () =>
  z.object({
    total_entries: count("messages in all buffers"),
    total_users: count("users who have messages"),
    total_sessions: count("sessions that have messages"),
    buffer_size_kb: z.number().describe("Size of these messages in units of 1,024 characters"),
    max_size: count("messages that the buffers of these users can hold"),
    utilization: z.number().min(0).max(1).describe("How full the buffers are, 0 to 1"),
  }),
);

export const userBufferSchema = named("UserBuffer", "The recent messages of a user, in numbers.", () =>
  z.object({
    user_id: text("User whose messages they are"),
    total_messages: count("messages in the buffer"),
    sessions: z
      .array(
        z.object({
          session_id: text("Id to continue the session by"),
          message_count: count("messages of the session in the buffer"),
          last_activity: isoTime("When something last happened in the session"),
        }),
      )
      .describe("Sessions that the messages belong to"),
    buffer_size_kb: z.number().describe("Size of these messages in units of 1,024 characters"),
  }),
);

const cleared = () => ({
  message: text("What was done, in words"),
  user_id: orNull(text("User whose messages were removed; null for all users")),
});

export const bufferClearedSchema = named("BufferCleared", "Messages and their sessions were removed.", () =>
  z.object({
    ...cleared(),
    messages_cleared: count("messages that were removed"),
    sessions_cleared: count("sessions that were removed"),
  }),
);

export const sessionBufferClearedSchema = named(
  "SessionBufferCleared",
  "The messages of a session were removed.",
  () =>
    z.object({
      ...cleared(),
      session_id: text("Session whose messages were removed"),
      messages_cleared: count("messages that were removed"),
    }),
);

export const bufferListSchema = named("BufferList", "Deprecated form of `BufferStats`.", () =>
  z.object({
    buffers: z
      .array(
        z.object({
          total_entries: count("messages in all buffers"),
          max_size: count("messages that the buffers of these users can hold"),
          utilization: z.number().describe("How full the buffers are, 0 to 1"),
          kv_namespaces: z.array(z.string()).describe("Always empty"),
        }),
      )
      .describe("Always one entry, for all buffers together"),
  }),
);

export const allBuffersClearedSchema = named("AllBuffersCleared", "Deprecated form of `BufferCleared`.", () =>
  z.object({
    message: text("What was done, in words"),
    entries_cleared: count("messages that were removed"),
    kv_entries_cleared: z.number().int().describe("Always 0"),
  }),
);

/** A day means its beginning, or with `end` its end. */
const date = (what: string, end: boolean) =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })], {
      error: "must be an ISO 8601 day or time, such as 2026-01-31 or 2026-01-31T08:00:00Z",
    })
    .transform((value) => {
      if (/^\d{4}-\d\d-\d\d$/.test(value)) return Date.parse(value) + (end ? 86_400_000 - 1 : 0);
      return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`);
    })
    .describe(`${what}, an ISO 8601 day or time; UTC when it names no zone`);

/** docs/spec/formation-api.md "History". */
export const historyQuerySchema = lazy(() =>
  z.object({
    limit: limit("Conversations to return", 100, 10),
    date_from: date("Only conversations that were active at or after this", false).optional(),
    date_to: date("Only conversations that were active at or before this", true).optional(),
    include_sources: flag("Whether each entry has its newest messages; default false").prefault("false"),
  }),
);

export const historyEntrySchema = named("HistoryEntry", "A conversation of the past.", () =>
  z.object({
    id: text("Id of the entry"),
    session_id: text("Session of the conversation"),
    title: text("How the conversation began, at most 200 characters"),
    message_count: count("messages"),
    created_at: isoTime("When it began"),
    last_activity: isoTime("When something last happened in it"),
    sources: z
      .array(
        z.object({
          message_id: text("Id of the stored message"),
          role: text("Who said it: `user`, `assistant` or `system`"),
          content: text("What was said"),
          timestamp: isoTime("When it was said"),
        }),
      )
      .optional()
      .describe("Its newest 20 messages; absent unless asked for"),
  }),
);

export const historySchema = named("History", "Conversations of a user between two days.", () =>
  z.object({
    entries: z.array(historyEntrySchema()).describe("The conversations, newest first"),
    count: count("conversations in this answer"),
  }),
);

export const ingestionItemSchema = namedRequest(
  "IngestionItem",
  "A memory from another system, with the scope `user`.",
  () =>
    z
      .object({
        ...memoryFields(),
        source: name().describe("System that the memory comes from, at most 200 characters"),
        source_id: sourceId(),
        timestamp: z
          .string()
          .max(64)
          .nullish()
          .describe("When it was noted there, ISO 8601; stored with the memory"),
      })
      .refine(hasText, needsText),
);

export const ingestionRequestSchema = namedRequest(
  "IngestionRequest",
  "Memories from another system. Each is checked by itself: one that is invalid keeps no other out.",
  () =>
    z.object({
      items: z
        .array(z.unknown())
        .min(1)
        .describe("The memories, each an `IngestionItem`; at most 100 unless the formation sets a limit"),
    }),
);

const ingestionCounts = () =>
  z
    .object({
      accepted: count("items that are remembered"),
      duplicate: count("items that were known already"),
      invalid: count("items that could not be used"),
    })
    .describe("The items by what became of them");

export const ingestionAcceptedSchema = named("IngestionAccepted", "What became of many memories.", () =>
  z.object({
    processing_id: orNull(text("Id to ask for the report by; null when nothing was accepted")),
    items: z
      .array(
        z.object({
          index: z.number().int().describe("Place of the item in the request, counted from 0"),
          status: z.enum(["accepted", "duplicate", "invalid"]).describe("What became of it"),
          error: text("Why it could not be used; absent otherwise").optional(),
        }),
      )
      .describe("One entry for each item"),
    counts: ingestionCounts(),
    status_url: text("Path of the report; absent when nothing was accepted").optional(),
  }),
);

export const ingestionSchema = named("Ingestion", "Report on many memories that were sent at once.", () =>
  z.object({
    processing_id: text("Id of the report"),
    status: z
      .enum(["queued", "processing", "completed", "failed"])
      .describe("How far it is; servers of this version have always `completed` it"),
    created_at: isoTime("When the memories were sent"),
    counts: ingestionCounts(),
  }),
);

export const forgetRequestSchema = namedRequest(
  "ForgetRequest",
  "A source whose memories of a user are to be forgotten.",
  () =>
    z.object({
      user_id: name().describe("User whose memories they are"),
      source: name().describe("System that the memories came from"),
      reason: z.string().max(500).default("user_request").describe("Accepted and without effect"),
      rebuild: z.boolean().default(true).describe("Accepted and without effect"),
    }),
);

export const memoryForgottenSchema = named(
  "MemoryForgotten",
  "The memories from a source were forgotten.",
  () =>
    z.object({
      user_id: text("User whose memories they were"),
      source: text("System that they came from"),
      deleted_events: count("memories that were deleted"),
      grace_period_days: z.number().int().describe("Days until they are gone for good; 0 for at once"),
      projections: z.array(z.string()).optional().describe("What was derived anew without them"),
      rebuild_required: z
        .boolean()
        .optional()
        .describe("Whether something is still to be derived anew; absent when nothing is"),
    }),
);
