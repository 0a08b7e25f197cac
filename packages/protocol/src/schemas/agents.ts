import * as z from "zod";
import { count, type Infer, named, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Agents". */
export const agentSchema = named("Agent", "An agent of a formation.", () =>
  z.object({
    id: text("Id of the agent, unique in the formation"),
    name: text("Name to show"),
    description: text("What the agent is for; the choice between agents goes by it"),
    active: z.boolean().optional().describe("Whether the agent can be chosen"),
    role: text("Role in the formation, such as `specialist`; absent when the manifest names none").optional(),
    specialties: z
      .array(z.string())
      .optional()
      .describe("Fields the agent knows; absent when the manifest names none"),
    model: text("Model that answers, as `provider/name`").optional(),
    system_message: text("Instructions of the agent, as written; absent when there are none").optional(),
    author: text("Author named in the manifest").optional(),
    url: text("Address named in the manifest").optional(),
    license: text("Licence named in the manifest").optional(),
    version: text("Version named in the manifest").optional(),
    llm_models: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe("Models that the agent uses in place of the formation's, as written"),
    mcp_servers: z.array(z.unknown()).optional().describe("Tool servers of the agent, as written"),
    knowledge: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe("Sources of the agent's knowledge, as written"),
    source: text("File that defines the agent, relative to the formation").optional(),
  }),
);

export type Agent = Infer<typeof agentSchema>;

export const agentListSchema = named("AgentList", "The agents of a formation.", () =>
  z.object({
    agents: z.array(agentSchema()).describe("All agents, in the order of the manifest"),
    count: count("agents"),
  }),
);
