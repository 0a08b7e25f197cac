import * as z from "zod";
import { filledText, httpUrl, nonNegative, positive, seconds, section, text } from "./common.ts";
import { unused, withoutEffect } from "./effects.ts";
import { bySearch, sourceSchema } from "./knowledge-source.ts";

/**
 * `knowledge` of an agent (docs/spec/formation-files.md "Knowledge"). Sizes in bytes, chunks and overlap in
 * characters.
 */
export const knowledgeSchema = section({
  enabled: z.boolean().default(true),
  sources: z.array(sourceSchema).default([]),
  max_file_size: positive.default(1024 * 1024),
  chunk_size: positive.default(1000),
  overlap: nonNegative.default(100),
  chunking: section({
    strategy: z.enum(["adaptive", "fixed", "paragraph", "semantic"]).default("adaptive"),
  }).prefault({}),
  /** Who reads pictures of text: a model for vision, letter recognition, or whichever there is. */
  scans: z.enum(["auto", "model", "ocr", "none"]).default("auto"),
  /** Of all passages that come with one message. */
  max_context_tokens: positive.default(1500),
  /** Whether the agent may search its documents again. */
  search_tool: z.boolean().default(true),
  /** Without it, passages keep the order that the search gives them. */
  rerank: section({
    model: filledText,
    api_key: text.optional(),
    base_url: httpUrl.optional(),
    /** Passages that the model puts into order. */
    candidates: positive.max(200).default(30),
    timeout_seconds: seconds.default(3),
  }).optional(),
  /** Without it, what a message leans on is found by its words. */
  follow_ups: section({ model: filledText, timeout_seconds: seconds.default(3) }).optional(),
  embed_batch_size: positive.default(50),
  retrieval: withoutEffect(z.enum(["vector", "tree", "tree-vector", "hybrid"]).default("vector"), bySearch, [
    "vector",
  ]),
  reasoning_threshold: unused(bySearch),
  tree: unused(bySearch),
  agent_tree: unused(bySearch),
}).refine(({ overlap, chunk_size }) => overlap < chunk_size, {
  message: "must be smaller than chunk_size",
  path: ["overlap"],
});

export type KnowledgeConfig = z.infer<typeof knowledgeSchema>;
