import * as z from "zod";
import {
  filledText,
  httpUrl,
  keptFor,
  nonNegative,
  openSection,
  positive,
  schemaVersion,
  seconds,
  section,
  text,
  webOrigin,
} from "./common.ts";
import { skillsInstead, unused, withoutEffect } from "./effects.ts";
import { memorySchema } from "./memory.ts";
import { llmSettingsSchema, modelEntriesSchema } from "./models.ts";
import { overlordSchema } from "./overlord.ts";

const removed = (message: string) => z.undefined({ error: message }).optional();

const price = z.number().min(0);

/** What a model costs, in place of what is known of it. Without prices of their own, cached tokens cost what others do. */
const priceSchema = section({
  input: price,
  output: price,
  cached_input: price.optional(),
  cache_write: price.optional(),
});

/**
 * Components in a manifest: ids, or mappings that define a component or name its file (docs/spec/formation-files.md
 * "Declared and found components").
 */
const components = z
  .array(z.union([filledText, section({})], { error: "must be an id or a mapping" }))
  .default([]);

const timezone = z.string().refine((zone) => {
  try {
    Intl.DateTimeFormat(undefined, { timeZone: zone });
    return true;
  } catch {
    return false; // Intl has no other way to ask.
  }
}, "must be a time zone such as UTC or Europe/Paris");

/** A version constraint, or a mapping that may contain one (docs/spec/formation-files.md "Versions"). */
const runtimeSection = z.union(
  [
    filledText,
    section({
      version: filledText.optional(),
      built_in_mcps: unused("Name the MCP servers that the formation needs in mcp.servers"),
    }),
  ],
  {
    error: 'must be a version such as "1.2", in quotes, or a mapping',
  },
);

const serverSection = section({
  host: filledText.optional(),
  port: z.int().min(1).max(65535).optional(),
  /** Processes that a server runs. */
  replicas: z.int().min(1).max(64).default(1),
  /** Time between the signal to stop and the end of the port, for load balancers. */
  drain_seconds: z.int().min(0).max(300).default(0),
  access_log: z.boolean().default(false),
  /** Whose pages may use `/mcp`, besides the formation's own host and this machine. */
  allowed_origins: z.array(webOrigin).default([]),
  api_keys: section({
    client_key: filledText.optional(),
    admin_key: filledText.optional(),
  }).prefault({}),
  /** Calls of one key for one user; unlimited unless set. */
  rate_limit: section({ requests_per_minute: positive }).optional(),
  auth: removed("is no longer supported; the keys are in server.api_keys"),
});

const inputLimits = section({
  max_message_length: positive.default(100_000),
  max_file_size_bytes: positive.default(52_428_800),
  max_memory_entry_size: positive.default(10_000),
  max_tool_output_size: positive.default(1_048_576),
  max_batch_items: positive.default(100),
});

const asyncSection = section({
  threshold_seconds: seconds.default(30),
  enable_estimation: z.boolean().default(true),
  webhook_url: httpUrl.optional(),
  webhook_retries: nonNegative.default(3),
  webhook_timeout: seconds.default(10),
  mode: withoutEffect(
    z.enum(["auto", "sync", "async"]).default("auto"),
    "Each call chooses, with mode in its body",
  ),
  allow_private_targets: z.boolean().default(false),
});

const mcpSection = section({
  servers: components,
  default_retry_attempts: nonNegative.default(3),
  default_timeout_seconds: seconds.default(30),
  startup_timeout_seconds: seconds.default(10),
  max_tool_iterations: positive.default(10),
  max_tool_calls: positive.default(50),
  max_repeated_errors: positive.default(3),
  max_timeout_in_seconds: seconds.default(300),
  max_tool_timeout_in_seconds: seconds.default(30),
  connection_ttl: nonNegative.default(300),
  enhance_user_prompts: unused("The model gets the message as the user wrote it"),
  watch: unused("The model polls a long-running tool itself"),
});

const a2aSection = section({
  enabled: z.boolean().default(true),
  filtering: unused("Every agent can ask every other"),
  outbound: unused("Agents can ask only agents of this formation"),
  inbound: unused("Other formations reach this one over HTTP or as an MCP server"),
});

const schedulerSection = section({
  enabled: z.boolean().optional(),
  timezone: timezone.default("UTC"),
  check_interval_minutes: positive.default(1),
  max_concurrent_jobs: positive.default(10),
  max_failures_before_pause: positive.default(3),
  default_time: z
    .string()
    .regex(/^([01]?\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "09:00"')
    .default("09:00"),
});

const loggingStream = section({
  id: filledText.optional(),
  enabled: z.boolean().default(true),
  transport: z.enum(["stdout", "file", "stream", "trail"]),
  level: z.enum(["debug", "info", "warn", "error"]).default("info"),
  format: z
    .enum([
      "jsonl",
      "text",
      "msgpack",
      "protobuf",
      "datadog_json",
      "splunk_hec",
      "elastic_bulk",
      "grafana_loki",
      "newrelic_json",
      "opentelemetry",
    ])
    .default("jsonl"),
  destination: filledText.optional(),
  protocol: text.optional(),
  topic: unused("Events are sent over HTTP, to standard output or to a file"),
  /** Names of events; `*` matches any part. */
  events: z.array(filledText).optional(),
  auth: openSection({ type: text }).optional(),
}).refine(({ transport, destination }) => destination !== undefined || !/^(file|stream)$/.test(transport), {
  path: ["destination"],
  error: "is required: the path of the file or the URL of the stream",
});

const loggingSection = section({
  system: section({
    level: z.enum(["debug", "info", "warning", "error"]).default("debug"),
    destination: text.default("stdout"),
  }).prefault({}),
  conversation: section({
    enabled: z.boolean().default(false),
    streams: z.array(loggingStream).default([]),
  }).prefault({}),
  redaction: section({ entities: z.boolean().default(true) }).prefault({}),
});

const retentionSection = section({
  messages: keptFor.optional(),
  requests: keptFor.default(24 * 3_600_000),
  deliveries: keptFor.default(7 * 24 * 3_600_000),
  audit: keptFor.optional(),
  ingestions: keptFor.optional(),
  jobs: keptFor.optional(),
  usage: keptFor.optional(),
});

const credentialsSection = section({
  mode: z.enum(["redirect", "dynamic"]).default("redirect"),
  redirect_message: text.optional(),
  encryption: section({ key: text.optional(), salt: text.optional() }).prefault({}),
  require_https: z.boolean().default(true),
  credential_ttl_minutes: positive.default(60),
  max_attempts: positive.default(3),
});

/** `formation.afs` (docs/spec/formation-files.md "Manifest"). */
export const manifestSchema = section({
  schema: schemaVersion,
  id: filledText,
  description: filledText,
  name: text.optional(),
  version: text.optional(),
  author: text.optional(),
  url: text.optional(),
  license: text.default("Unlicense"),
  runtime: runtimeSection.optional(),
  muxi_runtime: withoutEffect(text.optional(), "Every server runs the runtime that it came with", ["latest"]),
  init: withoutEffect(text.optional(), "Run the command before you start the formation"),
  agents: components,
  server: serverSection.prefault({}),
  input_limits: inputLimits.prefault({}),
  llm: section({
    api_keys: z.record(z.string(), text).default({}),
    models: modelEntriesSchema.default([]),
    aliases: z
      .record(z.string().regex(/^[A-Za-z0-9_-]+$/, "may contain letters, digits, _ and -"), filledText)
      .default({}),
    settings: llmSettingsSchema.prefault({}),
    /** By the names of models; US dollars for a million tokens. */
    prices: z.record(z.string(), priceSchema).default({}),
  }).prefault({}),
  overlord: overlordSchema.prefault({}),
  async: asyncSection.prefault({}),
  memory: memorySchema.prefault({}),
  mcp: mcpSection.prefault({}),
  a2a: a2aSection.prefault({}),
  scheduler: schedulerSection.prefault({}),
  logging: loggingSection.prefault({}),
  user_credentials: credentialsSection.prefault({}),
  retention: retentionSection.prefault({}),
  // Access control is checked elsewhere, and what belongs to others is theirs.
  rbac: z.unknown().optional(),
  middleware: z.unknown().optional(),
  groups: z.unknown().optional(),
  extensions: z.unknown().optional(),
  metadata: z.unknown().optional(),
  skills: unused(skillsInstead),
  artifacts: unused(),
  document_processing: unused(),
  links: unused(),
  proactive: unused("Use a scheduled job with a webhook"),
  commands: unused(),
  tuning: unused(),
  coding: unused(),
}).transform((manifest) => ({
  ...manifest,
  // On wherever jobs can be stored, unless it is switched off (docs/spec/formation-files.md "Manifest: scheduler").
  scheduler: {
    ...manifest.scheduler,
    enabled: manifest.scheduler.enabled ?? manifest.memory.persistent.enabled,
  },
}));

/** A manifest with references filled in and defaults added. */
export type Manifest = z.infer<typeof manifestSchema>;
