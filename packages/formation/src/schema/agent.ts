import * as z from "zod";
import { filledText, schemaVersion, section, text } from "./common.ts";
import { skillsInstead, withoutEffect } from "./effects.ts";
import { knowledgeSchema } from "./knowledge.ts";
import { approvalSchema } from "./mcp-server.ts";
import { modelEntriesSchema } from "./models.ts";

/**
 * An agent file or an inline agent (docs/spec/formation-files.md "Agent files"). Its servers are checked one by one
 * afterwards.
 */
export const agentSchema = section({
  schema: schemaVersion.optional(),
  id: filledText,
  name: filledText,
  description: filledText,
  system_message: text.optional(),
  role: text.default("general"),
  specialties: z.array(text).default([]),
  llm_models: modelEntriesSchema.default([]),
  mcp_servers: z
    .array(z.union([filledText, section({})], { error: "must be a server id or a mapping" }))
    .default([]),
  tools: z.strictObject({ approval: approvalSchema().optional() }).optional(),
  skills: withoutEffect(z.array(text).default([]), skillsInstead),
  knowledge: knowledgeSchema.optional(),
  a2a: section({
    internal: z.boolean().default(true),
    external: withoutEffect(
      z.boolean().default(true),
      "Other formations reach this one over HTTP or as an MCP server",
    ),
  }).prefault({}),
  author: text.optional(),
  url: text.optional(),
  version: text.optional(),
  license: text.optional(),
  active: z.boolean().default(true),
  /** Refused elsewhere, even in a file that is only found. */
  soul: z.unknown().optional(),
});
