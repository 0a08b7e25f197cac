import * as z from "zod";
import { filledText, schemaVersion, section, text } from "./common.ts";
import { knowledgeSchema } from "./knowledge.ts";
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
  skills: z.array(text).default([]),
  knowledge: knowledgeSchema.optional(),
  a2a: section({
    internal: z.boolean().default(true),
    external: z.boolean().default(true),
  }).prefault({}),
  author: text.optional(),
  url: text.optional(),
  version: text.optional(),
  license: text.optional(),
});
