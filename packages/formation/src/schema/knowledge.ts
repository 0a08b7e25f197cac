import * as z from "zod";
import { filledText, httpUrl, nonNegative, positive, seconds, section, text } from "./common.ts";
import { outlineIsCurrent, retrieval, sourceSchema } from "./knowledge-source.ts";

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
  /** Of sources that name none. Absent: tree where there is much to read and `tree` names a model, else vector. */
  retrieval: retrieval.optional(),
  /** Tokens of all documents from which on there is much to read; 0 for never. */
  reasoning_threshold: nonNegative.default(40_000),
  /** How sections are chosen by the outlines of documents. */
  tree: section({
    model: filledText.optional(),
    /** Says whether what was chosen is enough, for `hybrid`. */
    terminator_model: filledText.optional(),
    timeout_seconds: seconds.default(20),
    max_depth: positive.default(3),
    max_pages_per_node: positive.default(10),
    max_tokens_per_node: positive.default(20_000),
    max_document_tokens: positive.default(500_000),
    max_sufficiency_rounds: nonNegative.default(3),
    max_fetched_nodes_pct: positive.max(100).default(50),
    fallback_to_vector: z.boolean().default(true),
  }).prefault({}),
  agent_tree: outlineIsCurrent(),
}).refine(({ overlap, chunk_size }) => overlap < chunk_size, {
  message: "must be smaller than chunk_size",
  path: ["overlap"],
});

export type KnowledgeConfig = z.infer<typeof knowledgeSchema>;
