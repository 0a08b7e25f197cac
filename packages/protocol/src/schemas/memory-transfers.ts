import * as z from "zod";
import { count, isoTime, named, namedRequest, orNull, text } from "../base/index.ts";
import { hasText, memoryFields, metadata, name, needsText, sourceId } from "./memory-fields.ts";
import { memoryOriginSchema, memoryVersionSchema } from "./memory-origins.ts";

export const memoryLineSchema = named(
  "MemoryLine",
  "A memory of a user as a line of an export. An import takes such lines too, and reads of them what `MemoryImported` has.",
  () =>
    z.object({
      id: text("Id of the memory"),
      content: text("What is remembered"),
      collection: text("Collection that it is in"),
      subject: text("What it is about, as a digest"),
      importance: z.number().describe("How much it matters, from 0 to 1"),
      metadata: z.record(z.string(), z.unknown()).describe("What was stored with it"),
      pinned: z.boolean().describe("Whether it is recalled with every message"),
      expires_at: orNull(isoTime("When it is forgotten by itself; null for never")),
      created_at: isoTime("When it was first remembered"),
      valid_from: isoTime("Since when it holds"),
      ...memoryOriginSchema().shape,
      history: z
        .array(memoryVersionSchema())
        .describe("What it said before, the newest first, at most 100 values"),
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

export const memoryImportedSchema = namedRequest(
  "MemoryImported",
  "A memory of a user that is brought in. Other fields, such as those of an export, are passed over.",
  () =>
    z.object({
      content: z.string().trim().min(1).describe("What to remember"),
      source: name().describe("System that it comes from, at most 200 characters"),
      source_id: name()
        .nullish()
        .describe(
          "Id of the memory in that system, at most 200 characters: it is brought in once. Absent, `id`",
        ),
      id: name().nullish().describe("Id that the memory had where it was exported"),
      collection: z
        .string()
        .trim()
        .max(200)
        .nullish()
        .describe("Collection to put it into; absent, `context`"),
      subject: name()
        .nullish()
        .describe("What the memory is about: a later one about the same takes its place"),
      importance: z.number().min(0).max(1).nullish().describe("How much it matters; absent, 0.8"),
      metadata: metadata().nullish().describe("What to store with it, at most 16,384 characters of JSON"),
      pinned: z.boolean().nullish().describe("Whether it is recalled with every message; absent, false"),
      said_at: z.iso.datetime({ offset: true }).nullish().describe("When it was said, ISO 8601; absent, now"),
      expires_at: z.iso
        .datetime({ offset: true })
        .nullish()
        .describe("When it is forgotten by itself, ISO 8601; absent, never"),
    }),
);

/** Most memories of one import. */
const mostImported = 5_000;

export const memoryImportSchema = namedRequest(
  "MemoryImport",
  "Memories to bring in. Each is checked by itself: one that is invalid keeps no other out.",
  () =>
    z.object({
      memories: z
        .array(z.unknown())
        .min(1)
        .max(mostImported)
        .describe("The memories, each a `MemoryImported`; at most 5,000, and 8 MB"),
    }),
);

export const memoryImportResultSchema = named("MemoryImportResult", "What became of an import.", () =>
  z.object({
    counts: ingestionCounts(),
    errors: z
      .array(
        z.object({
          index: z.number().int().describe("Place of the memory in the import, counted from 0"),
          error: text("Why it could not be used"),
        }),
      )
      .describe("Those that could not be used, the first 20"),
  }),
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
