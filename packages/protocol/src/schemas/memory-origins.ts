import * as z from "zod";
import { count, isoTime, lazy, limit, named, orNull, text } from "../base/index.ts";
import { memoryShape } from "./memory-fields.ts";

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
