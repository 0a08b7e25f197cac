import * as z from "zod";
import { before, count, isoTime, lazy, limit, named, namedRequest, next, text } from "../base/index.ts";
import {
  hasText,
  memoryFields,
  memoryScopeSchema,
  memoryShape,
  metadata,
  name,
  needsText,
  pinned,
  scope,
  scopeId,
  sourceId,
  ttl,
} from "./memory-fields.ts";

export { memoryScopeSchema } from "./memory-fields.ts";

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

export const memorySchema = named("Memory", "Something that is remembered.", () => z.object(memoryShape()));

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
