import * as z from "zod";
import { type Infer, named } from "./lazy.ts";

/** One agent of a formation (docs/spec/formation-api.md "Agents"). */
export const agentSchema = named("Agent", () =>
  z.object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    active: z.boolean().optional(),
    role: z.string().optional(),
    specialties: z.array(z.string()).optional(),
    model: z.string().optional().describe("The model that answers, as `provider/name`"),
    system_message: z.string().optional(),
    author: z.string().optional(),
    url: z.string().optional(),
    license: z.string().optional(),
    version: z.string().optional(),
    llm_models: z.array(z.record(z.string(), z.unknown())).optional(),
    mcp_servers: z.array(z.unknown()).optional(),
    knowledge: z.array(z.record(z.string(), z.unknown())).optional().describe("Sources of its knowledge"),
    source: z.string().optional().describe("File that defines it, relative to the formation"),
  }),
);

export type Agent = Infer<typeof agentSchema>;

export const agentListSchema = named("AgentList", () =>
  z.object({ agents: z.array(agentSchema()), count: z.number().int() }),
);
