import * as z from "zod";
import { count, isoTime, named, namedRequest, text } from "../base/index.ts";

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

export const memoryLintRequestSchema = namedRequest(
  "MemoryLintRequest",
  "Whose memories are to be checked.",
  () =>
    z.object({
      user_id: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe("User whose memories are checked. Default: all users"),
    }),
);

export const memoryFaultSchema = named("MemoryFault", "What is likely wrong among memories of a user.", () =>
  z.object({
    kind: z
      .enum(["contradiction", "double", "stale"])
      .describe("Whether they cannot all be true, say the same, or speak of a time that has passed"),
    user_id: text("User whose memories they are"),
    reason: text("What is wrong"),
    memories: z
      .array(
        z.object({
          id: text("Id of the memory"),
          content: text("What is remembered"),
          said_at: isoTime("When it was said or written"),
        }),
      )
      .describe("The memories, the one said last first"),
  }),
);

export const memoryLintSchema = named("MemoryLint", "Faults in the memories of one user or of all.", () =>
  z.object({
    user_id: z.string().nullable().describe("User whose memories were checked; null for all users"),
    report: z
      .object({
        users: count("users whose memories were checked"),
        memories: count("memories that were checked, of each user the newest 2,000"),
        contradictions: count("faults of the kind `contradiction`"),
        doubles: count("faults of the kind `double`"),
        stale: count("faults of the kind `stale`"),
        faults: z.array(memoryFaultSchema()).describe("The first 100 faults"),
      })
      .describe("What was found. Nothing was changed"),
  }),
);
