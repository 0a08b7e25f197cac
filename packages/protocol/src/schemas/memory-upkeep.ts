import * as z from "zod";
import { named } from "../base/index.ts";

export const memoryRebuildSchema = named(
  "MemoryRebuild",
  "What is derived from a user's memories is made anew: the report, or where to ask for it.",
  () =>
    z.object({
      user_id: z.string().optional().describe("User whose memories are rebuilt"),
      job_id: z
        .string()
        .optional()
        .describe("Id to ask for the state by; absent when the rebuild is already done"),
      status: z.string().optional().describe("State of the rebuild, such as `processing` or `completed`"),
      status_url: z.string().optional().describe("Path of the state, below the formation's base URL"),
      dry_run: z.boolean().optional().describe("Whether nothing was changed and only the effect reported"),
      projections: z.unknown().optional().describe("What was derived anew; absent while it runs"),
      error: z.string().optional().describe("Why the rebuild failed; absent otherwise"),
    }),
);

export const memoryBackfillSchema = named(
  "MemoryBackfill",
  "Older memories of a user got what they lacked.",
  () =>
    z.object({
      user_id: z.string().describe("User whose memories were completed"),
      synthesized: z.number().int().describe("Number of memories that were made"),
    }),
);

export const memoryLintSchema = named("MemoryLint", "Faults in the memories of one user or of all.", () =>
  z.object({
    user_id: z.string().nullable().describe("User whose memories were checked; null for all users"),
    report: z.unknown().describe("Contradictions, stale entries and duplicates that were found"),
  }),
);
