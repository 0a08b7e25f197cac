import * as z from "zod";
import { CronError, parseCron } from "../base/index.ts";
import { nonNegative, positive, seconds, section, text } from "./common.ts";
import { unused, withoutEffect } from "./effects.ts";

const connection = z
  .string()
  .refine(
    (value) => value.includes("${{") || /^(postgres(ql)?|sqlite):\/\//.test(value) || value.endsWith(".db"),
    "must begin with postgresql://, postgres:// or sqlite://, or be a path that ends in .db",
  );

const inOwnDatabase = "Vectors are kept in the formation's own database";

const persistentSchema = section({
  enabled: z.boolean().default(true),
  connection_string: connection.optional(),
  embedding_model: text.optional(),
  query_timeout_seconds: seconds.default(30),
  max_memories: positive.default(10_000),
  pooler: z.enum(["none", "transaction"]).default("none"),
  extraction: z.boolean().default(true),
  user_synopsis: section({
    enabled: z.boolean().default(true),
    cache_ttl: nonNegative.default(3600),
  }).prefault({}),
});

const nothingDeleted = "Faults are reported, and nothing is deleted";

/** A cron expression; plain words such as `daily` stand for `@daily`. */
const lintSchedule = text
  .transform((written) => (/^(?:hourly|daily|weekly|monthly)$/.test(written) ? `@${written}` : written))
  .superRefine((written, context) => {
    try {
      parseCron(written);
    } catch (error) {
      if (!(error instanceof CronError)) throw error;
      const hint = 'Write hourly, daily, weekly or a cron expression such as "0 6 * * *"';
      context.addIssue({ code: "custom", message: `is no schedule: ${error.message}`, params: { hint } });
    }
  });

/**
 * `memory` (docs/spec/formation-files.md "Manifest: memory"). Without a connection string the database is `memory.db`
 * in the folder.
 */
export const memorySchema = section({
  buffer: section({
    size: positive.default(10),
    multiplier: positive.default(10),
    vector_search: withoutEffect(
      z.boolean().default(true),
      "Memories are searched by meaning where llm.models names an embedding model",
    ),
  }).prefault({}),
  working: section({
    max_memory_mb: z
      .union([z.literal("auto"), positive], { error: "must be auto or a whole number" })
      .default("auto"),
    vector_dimension: withoutEffect(positive.optional(), "The embedding model determines it"),
    mode: withoutEffect(z.enum(["local", "remote"]).default("local"), inOwnDatabase, ["local"]),
    remote: unused(inOwnDatabase),
    fifo_interval_min: unused("The oldest messages leave the buffer as new ones arrive"),
  }).prefault({}),
  persistent: z
    .preprocess((value) => (typeof value === "boolean" ? { enabled: value } : value), persistentSchema)
    .prefault({}),
  compaction: section({
    flush_enabled: z.boolean().default(true),
    flush_threshold: z.number().gt(0.5).max(1).default(0.8),
  }).prefault({}),
  pruning: unused(
    "The model gets the whole results of the current request's tool calls, and no earlier ones",
  ),
  index: unused(),
  captains_log: section({ session_idle_minutes: nonNegative.max(10_080).default(30) }).optional(),
  lint: section({
    enabled: z.boolean().default(false),
    schedule: lintSchedule.default("@daily"),
    conflict_resolution_days: unused(nothingDeleted),
    stale_artifact_days: unused(nothingDeleted),
    superseded_retention_days: unused("Of what a memory said before the newest 100 values are kept"),
    orphan_cleanup: unused(nothingDeleted),
  }).prefault({}),
  events: unused(),
  decay: unused(),
  projections: unused(),
  ingestion: unused(),
  distillery: unused(),
});
