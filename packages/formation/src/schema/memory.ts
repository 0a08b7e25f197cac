import * as z from "zod";
import { nonNegative, positive, seconds, section, text } from "./common.ts";

const connection = z
  .string()
  .refine(
    (value) => value.includes("${{") || /^(postgres(ql)?|sqlite):\/\//.test(value) || value.endsWith(".db"),
    "must begin with postgresql://, postgres:// or sqlite://, or be a path that ends in .db",
  );

const persistentSchema = section({
  enabled: z.boolean().default(true),
  connection_string: connection.optional(),
  embedding_model: text.optional(),
  query_timeout_seconds: seconds.default(30),
  extraction: z.boolean().default(true),
  user_synopsis: section({
    enabled: z.boolean().default(true),
    cache_ttl: nonNegative.default(3600),
  }).prefault({}),
});

/**
 * `memory` (docs/spec/formation-files.md "Manifest: memory"). Without a connection string the database is `memory.db`
 * in the folder.
 */
export const memorySchema = section({
  buffer: section({
    size: positive.default(10),
    multiplier: positive.default(10),
    vector_search: z.boolean().default(true),
  }).prefault({}),
  working: section({
    max_memory_mb: z
      .union([z.literal("auto"), positive], { error: "must be auto or a whole number" })
      .default("auto"),
    vector_dimension: positive.optional(),
    mode: z.enum(["local", "remote"]).default("local"),
  }).prefault({}),
  persistent: z
    .preprocess((value) => (typeof value === "boolean" ? { enabled: value } : value), persistentSchema)
    .prefault({}),
});
