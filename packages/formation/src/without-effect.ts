import type { Finding } from "./base/index.ts";
import { type Data, isData } from "./base/index.ts";
import { findingAt, type Place } from "./validate.ts";

const inOneAgent = "Every request is answered by one agent, which may ask the others";

/** What a formation may say and this runtime does not do (contract/formation.md 2), and what it does instead. */
const fields: readonly (readonly [path: string, instead: string])[] = [
  ["runtime.built_in_mcps", "Name the MCP servers that the formation needs in mcp.servers"],
  ["init", "Run the command before you start the formation"],
  ["llm.settings.caching.p", "Only the very same question is answered from the cache"],
  ["overlord.response.streaming", "A call says itself whether it wants a stream: with stream in its body"],
  ["overlord.response.widgets", "Answers have no widgets"],
  ["overlord.response.retry_async", "What fails in the background is tried again by itself"],
  ["overlord.clarification.max_rounds.brainstorm", "max_rounds.direct holds for every question"],
  ["overlord.clarification.max_rounds.planning", "max_rounds.direct holds for every question"],
  ["overlord.clarification.max_rounds.execution", "max_rounds.direct holds for every question"],
  ["overlord.clarification.max_rounds.other", "max_rounds.direct holds for every question"],
  ["overlord.clarification.persist_learned_info", "Answers are learned from like every other message"],
  ["overlord.workflow", inOneAgent],
  ["async.mode", "A call says itself whether it is to be answered in the background: with mode in its body"],
  [
    "memory.buffer.vector_search",
    "Memories are searched by meaning where llm.models names an embedding model",
  ],
  ["memory.working.vector_dimension", "It follows from the embedding model"],
  ["memory.working.fifo_interval_min", "Old messages go as new ones come"],
  ["memory.working.remote", "Vectors are kept in the formation's own database"],
  ["memory.compaction", "Facts are kept as they are told"],
  ["memory.pruning", "The model reads the results of the request's own calls, whole"],
  ["memory.index", ""],
  ["memory.captains_log", ""],
  ["memory.lint", ""],
  ["memory.events", ""],
  ["memory.decay", ""],
  ["memory.projections", ""],
  ["memory.ingestion", ""],
  ["memory.distillery", ""],
  ["mcp.enhance_user_prompts", "The model reads what the user wrote"],
  ["mcp.watch", "A model asks a long-running tool again by itself"],
  ["a2a.filtering", "Every agent is offered to the others"],
  ["a2a.outbound", "Agents of this formation alone are asked"],
  ["a2a.inbound", "Other formations reach this one over HTTP or as an MCP server"],
  ["skills", "They are listed at /v1/skills, but agents are not told of them: write them as sops or tools"],
  ["artifacts", ""],
  ["document_processing", ""],
  ["links", ""],
  ["proactive", "Use a scheduled job with a webhook"],
  ["commands", ""],
  ["tuning", ""],
  ["rbac", "It keeps nobody out: check who may call before you call the formation"],
  ["middleware", "It is not asked: check who may call before you call the formation"],
  ["coding", ""],
];

/** Switched off is what it is anyway. */
const isOff = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (isData(value) && (value.enabled === false || value.active === false || Object.keys(value).length === 0));

/** Warnings for what is written in a manifest and does nothing. */
export const fieldsWithoutEffect = (manifest: Data, place: Place): Finding[] =>
  fields.flatMap(([path, instead]) => {
    const keys = path.split(".");
    const value = keys.reduce<unknown>((data, key) => (isData(data) ? data[key] : undefined), manifest);
    return isOff(value) ? [] : [findingAt(place, keys, "has no effect here", instead || "Remove it")];
  });
