import * as z from "zod";
import {
  before,
  count,
  isoTime,
  lazy,
  limit,
  named,
  namedRequest,
  next,
  orNull,
  text,
} from "../base/index.ts";

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

/** `preferences,goals`: names of collections, each once. */
const collections = lazy(() =>
  z
    .string()
    .max(1_000)
    .transform((value) => [...new Set(value.split(",").map((part) => part.trim()))])
    .pipe(z.array(z.string().min(1)).min(1)),
);

const scope = () => memoryScopeSchema().describe("Who shares the memory");
const scopeId = () => orNull(text("Group that shares the memory; null unless the scope is `group`"));

const memoryShape = () => ({
  id: text("Id of the memory"),
  content: text("What is remembered"),
  created_at: isoTime("When it was first remembered"),
  metadata: z
    .record(z.string(), z.unknown())
    .describe("What was stored with it, and `type`, `collection` and `updated_at`"),
  scope: scope(),
  scope_id: scopeId(),
  pinned: z.boolean().describe("Whether it is recalled with every message"),
  expires_at: orNull(isoTime("When it is forgotten by itself; null for never")),
});

export const memorySchema = named("Memory", "Something that is remembered.", () => z.object(memoryShape()));

export const memoryOriginSchema = named(
  "MemoryOrigin",
  "Where something that is remembered comes from. What is not known of it is null.",
  () =>
    z.object({
      source: text(
        "`extraction` when it was learned from a message, `api` when a program wrote it, `user_edit` when it was corrected, " +
          "or the system that it came from",
      ),
      source_id: orNull(text("Id that it has in that system")),
      session_id: orNull(text("Session in which the user said it")),
      request_id: orNull(text("Request of that message")),
      message_id: orNull(text("Message in which the user said it; it may have been deleted since")),
      quote: orNull(text("The words of that message that state it")),
      said_at: orNull(isoTime("When it was said or written")),
    }),
);

export const memoryVersionSchema = named(
  "MemoryVersion",
  "What a memory said before another value took its place.",
  () =>
    z.object({
      content: text("What was remembered"),
      collection: text("Collection that it was in"),
      valid_from: isoTime("Since when it held"),
      valid_to: isoTime("Until when it held"),
      origin: memoryOriginSchema().describe("Where it came from"),
    }),
);

export const memoryDetailSchema = named(
  "MemoryDetail",
  "Something that is remembered, where it comes from, and what it said before.",
  () =>
    z.object({
      ...memoryShape(),
      valid_from: isoTime("Since when it holds"),
      origin: memoryOriginSchema().describe("Where it comes from"),
      history: z
        .array(memoryVersionSchema())
        .describe("What it said before, the newest first, at most 100 values"),
    }),
);

export const memoryProvenanceQuerySchema = lazy(() =>
  z
    .object({
      entity: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .optional()
        .describe("Somebody or something that the memories name"),
      event_id: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe("Id of the request or message that the memories come from"),
      limit: limit("Memories to return", 100, 10),
    })
    .refine(({ entity, event_id }) => (entity === undefined) !== (event_id === undefined), {
      error: "name either entity or event_id",
      path: ["entity"],
    }),
);

export const memoryProvenanceSchema = named(
  "MemoryProvenance",
  "Memories of a user with where they come from.",
  () =>
    z.object({
      memories: z.array(memoryDetailSchema()).describe("The memories, newest first"),
      count: count("memories in this answer"),
    }),
);

export const memoryListQuerySchema = lazy(() =>
  z.object({
    limit: limit("Memories to return", 100, 10),
    before: before(),
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
    collections: collections()
      .optional()
      .describe("Only memories of these collections, with commas; absent, all"),
  }),
);

export const memoryListSchema = named("MemoryList", "What is remembered about a user.", () =>
  z.object({
    memories: z.array(memorySchema()).describe("The memories, newest first"),
    count: count("memories in this answer"),
    next: next(),
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

/** Seconds; a hundred years. */
const longestLife = 3_153_600_000;

const pinned = () => z.boolean().describe("Whether it is recalled with every message");

const ttl = () =>
  z
    .number()
    .positive()
    .max(longestLife)
    .nullish()
    .describe("Seconds from now after which it is forgotten; null for never");

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
  pinned: pinned().optional(),
  ttl: ttl(),
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

export const memoryEditSchema = namedRequest(
  "MemoryEdit",
  "A correction of something that is remembered. What is absent stays as it is.",
  () =>
    z
      .object({
        content: z
          .string()
          .trim()
          .min(1)
          .optional()
          .describe("What is right; what was there before stays as history"),
        metadata: metadata()
          .optional()
          .describe("What to store with it in place of what is there, at most 16,384 characters of JSON"),
        collection: z.string().trim().min(1).max(200).optional().describe("Collection to move it to"),
        pinned: pinned().optional(),
        ttl: ttl(),
      })
      .refine((edit) => Object.values(edit).some((value) => value !== undefined), {
        error: "needs content, metadata, collection, pinned or ttl",
        path: ["content"],
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
