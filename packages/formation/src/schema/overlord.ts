import * as z from "zod";
import { nonNegative, positive, seconds, section, text, textList } from "./common.ts";
import { unused, withoutEffect } from "./effects.ts";
import { modelSettingsSchema } from "./models.ts";

const stage = section({
  model: text.optional(),
  api_key: text.optional(),
  settings: modelSettingsSchema.optional(),
}).optional();

const idleRounds = (count: number) =>
  withoutEffect(nonNegative.default(count), "max_rounds.direct applies to every question");

const methods = ["heuristic", "llm", "hybrid"] as const;
const strategies = [
  "capability_based",
  "load_balanced",
  "round_robin",
  "priority_based",
  "specialized",
] as const;

/** Errors after which a new plan would fail as well. */
const hopeless = [
  "auth",
  "unauthorized",
  "forbidden",
  "permission",
  "credential",
  "configuration error",
  "invalid api key",
  "data corruption",
];

const workflow = section({
  enable_agent_affinity: z.boolean().default(true),
  auto_decomposition: z.boolean().default(true),
  complexity_method: withoutEffect(
    z.enum([...methods, "custom"]).default("heuristic"),
    "A formation holds no code for it: heuristic takes its place. Choose heuristic, llm or hybrid",
    methods,
  ),
  complexity_threshold: z.number().min(1).max(10).default(7),
  complexity_weights: section({
    heuristic: z.number().nonnegative().default(0.4),
    llm: z.number().nonnegative().default(0.4),
    custom: unused("A formation holds no code for it"),
  }).prefault({}),
  plan_approval_threshold: z.number().min(1).max(10).default(7),
  routing_strategy: withoutEffect(
    z.enum([...strategies, "custom"]).default("capability_based"),
    `A formation holds no code for it: capability_based takes its place. Choose one of ${strategies.join(", ")}`,
    strategies,
  ),
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
  retry: section({
    max_attempts: nonNegative.default(3),
    initial_delay: z.number().nonnegative().default(1),
    max_delay: z.number().nonnegative().default(60),
    backoff_factor: z.number().min(1).default(2),
    retry_on_errors: textList.default(["timeout", "rate_limit", "temporary_failure"]),
  }).prefault({}),
  timeouts: section({
    task_timeout: seconds.default(300),
    workflow_timeout: seconds.default(3600),
    enable_adaptive_timeout: z.boolean().default(true),
  }).prefault({}),
  max_timeout_seconds: seconds.default(7200),
  replanning: section({
    enabled: z.boolean().default(false),
    max_attempts: positive.max(10).default(3),
    plan_similarity_threshold: z.number().min(0).max(1).default(0.7),
    preserve_successful_outputs: z.boolean().default(true),
    replan_timeout_seconds: seconds.default(30),
    non_replannable_error_patterns: textList.default(hopeless),
  }).prefault({}),
});

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
    streaming: withoutEffect(z.boolean().default(false), "Each call chooses, with stream in its body"),
    citations: z.enum(["metadata", "inline", "none"]).default("metadata"),
    progress: z.boolean().default(true),
    widgets: withoutEffect(z.boolean().default(true), "Answers have no widgets"),
    retry_async: withoutEffect(
      section({ enabled: z.boolean().optional(), max_attempts: positive.max(10).optional() }).optional(),
      "Failed calls of a model are repeated: see llm.settings.max_retries",
    ),
  }).prefault({}),
  on_busy: z.enum(["enqueue", "reject", "interrupt", "steer"]).default("enqueue"),
  clarification: section({
    enabled: z.boolean().default(true),
    style: z.enum(["conversational", "formal", "brief"]).default("conversational"),
    max_rounds: section({
      direct: nonNegative.default(3),
      brainstorm: idleRounds(10),
      planning: idleRounds(7),
      execution: idleRounds(3),
      other: idleRounds(3),
    }).prefault({}),
    persist_learned_info: withoutEffect(
      z.boolean().default(false),
      "Answers are learned from like any other message",
    ),
  }).prefault({}),
  workflow: workflow.prefault({}),
});
