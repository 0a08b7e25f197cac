import { isObject } from "@muxi/protocol";
import type { Finding, Mapping } from "./base/index.ts";
import { findingAt, type Place } from "./validate.ts";

const inOneAgent = "One agent answers each request, and may ask the others";

const workflow = [
  "auto_decomposition",
  "complexity_method",
  "complexity_threshold",
  "complexity_weights",
  "routing_strategy",
  "parallel_execution",
  "max_parallel_tasks",
  "partial_results",
  "error_recovery",
  "retry",
  "timeouts",
  "max_timeout_seconds",
  "replanning",
];

/**
 * Fields that a formation may hold and this runtime does not act on (docs/spec/formation-files.md
 * "Fields without effect"), each with what happens instead.
 */
export const withoutEffect: readonly (readonly [path: string, instead: string])[] = [
  ["runtime.built_in_mcps", "Name the MCP servers that the formation needs in mcp.servers"],
  ["init", "Run the command before you start the formation"],
  ["llm.settings.caching.p", "The cache answers only exactly repeated requests"],
  ["overlord.response.streaming", "Each call chooses, with stream in its body"],
  ["overlord.response.widgets", "Answers have no widgets"],
  ["overlord.response.retry_async", "Failed calls of a model are repeated: see llm.settings.max_retries"],
  ["overlord.clarification.max_rounds.brainstorm", "max_rounds.direct applies to every question"],
  ["overlord.clarification.max_rounds.planning", "max_rounds.direct applies to every question"],
  ["overlord.clarification.max_rounds.execution", "max_rounds.direct applies to every question"],
  ["overlord.clarification.max_rounds.other", "max_rounds.direct applies to every question"],
  ["overlord.clarification.persist_learned_info", "Answers are learned from like any other message"],
  ...workflow.map((field) => [`overlord.workflow.${field}`, inOneAgent] as const),
  [
    "overlord.workflow.plan_approval_threshold",
    "Nobody is asked to approve a plan: each request is carried out at once",
  ],
  ["async.mode", "Each call chooses, with mode in its body"],
  [
    "memory.buffer.vector_search",
    "Memories are searched by meaning where llm.models names an embedding model",
  ],
  ["memory.working.vector_dimension", "The embedding model determines it"],
  ["memory.working.fifo_interval_min", "The oldest messages leave the buffer as new ones arrive"],
  ["memory.working.remote", "Vectors are kept in the formation's own database"],
  ["memory.compaction", "Facts are stored as soon as they are learned"],
  [
    "memory.pruning",
    "The model gets the whole results of the current request's tool calls, and no earlier ones",
  ],
  ["memory.index", ""],
  ["memory.captains_log", ""],
  ["memory.lint", ""],
  ["memory.events", ""],
  ["memory.decay", ""],
  ["memory.projections", ""],
  ["memory.ingestion", ""],
  ["memory.distillery", ""],
  ["mcp.enhance_user_prompts", "The model gets the message as the user wrote it"],
  ["mcp.watch", "The model polls a long-running tool itself"],
  ["a2a.filtering", "Every agent can ask every other"],
  ["a2a.outbound", "Agents can ask only agents of this formation"],
  ["a2a.inbound", "Other formations reach this one over HTTP or as an MCP server"],
  ["skills", "Skills are listed at /v1/skills, but agents do not use them: write an SOP or a tool instead"],
  ["artifacts", ""],
  ["document_processing", ""],
  ["links", ""],
  ["proactive", "Use a scheduled job with a webhook"],
  ["commands", ""],
  ["tuning", ""],
  ["coding", ""],
];

/** Whether a value switches its feature off, which is what happens anyway. */
export const isOff = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (isObject(value) && (value.enabled === false || value.active === false || Object.keys(value).length === 0));

/** Warnings for fields of a manifest that have no effect. */
export const fieldsWithoutEffect = (manifest: Mapping, place: Place): Finding[] =>
  withoutEffect.flatMap(([path, instead]) => {
    const keys = path.split(".");
    const value = keys.reduce<unknown>((data, key) => (isObject(data) ? data[key] : undefined), manifest);
    return isOff(value) ? [] : [findingAt(place, keys, "has no effect", instead || "Remove it")];
  });
