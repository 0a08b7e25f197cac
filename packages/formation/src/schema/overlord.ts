import * as z from "zod";
import { nonNegative, positive, seconds, section, text } from "./common.ts";
import { modelSettingsSchema } from "./models.ts";

const stage = section({
  model: text.optional(),
  api_key: text.optional(),
  settings: modelSettingsSchema.optional(),
}).optional();

const rounds = (count: number) => nonNegative.default(count);

/** `overlord` (docs/spec/formation-files.md "Manifest: overlord"). */
export const overlordSchema = section({
  soul: text.optional(),
  llm: section({
    base: stage,
    synthesis: stage,
    max_extraction_tokens: positive.default(500),
  }).prefault({}),
  caching: section({ enabled: z.boolean().default(true), ttl: nonNegative.default(3600) }).prefault({}),
  response: section({
    format: z.enum(["markdown", "text", "json", "html"]).default("markdown"),
    streaming: z.boolean().default(false),
    progress: z.boolean().default(true),
    widgets: z.boolean().default(true),
    retry_async: section({
      enabled: z.boolean().optional(),
      max_attempts: positive.max(10).optional(),
    }).optional(),
  }).prefault({}),
  clarification: section({
    enabled: z.boolean().default(true),
    style: z.enum(["conversational", "formal", "brief"]).default("conversational"),
    max_rounds: section({
      direct: rounds(3),
      brainstorm: rounds(10),
      planning: rounds(7),
      execution: rounds(3),
      other: rounds(3),
    }).prefault({}),
    persist_learned_info: z.boolean().default(false),
  }).prefault({}),
  workflow: section({
    auto_decomposition: z.boolean().default(true),
    complexity_method: z.enum(["heuristic", "llm", "hybrid", "custom"]).default("heuristic"),
    complexity_threshold: z.number().min(1).max(10).default(7),
    plan_approval_threshold: z.number().min(1).max(10).default(7),
    routing_strategy: z
      .enum(["capability_based", "load_balanced", "round_robin", "priority_based", "specialized", "custom"])
      .default("capability_based"),
    enable_agent_affinity: z.boolean().default(true),
    parallel_execution: z.boolean().default(true),
    max_parallel_tasks: positive.max(20).default(5),
    partial_results: z.boolean().default(true),
    error_recovery: z
      .enum([
        "retry_with_backoff",
        "fail_fast",
        "retry_with_alternate",
        "skip_and_continue",
        "compensate",
        "manual_intervention",
      ])
      .default("retry_with_backoff"),
    timeouts: section({
      task_timeout: seconds.default(300),
      workflow_timeout: seconds.default(3600),
    }).prefault({}),
    max_timeout_seconds: seconds.default(7200),
  }).prefault({}),
});
