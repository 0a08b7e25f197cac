import { isObject } from "@muxi/protocol";
import type { Finding, Mapping, Path } from "./base/index.ts";
import type { Checked } from "./components.ts";
import type { AgentDefinition, McpServerDefinition, ServerAttachment } from "./formation.ts";
import { modernizeAgent } from "./legacy.ts";
import { checkServer, emptyFilters, shownDocument } from "./mcp-servers.ts";
import { agentSchema } from "./schema/agent.ts";
import { attachmentSchema } from "./schema/mcp-server.ts";
import type { ModelEntry } from "./schema/models.ts";
import { findingAt, type Place, validate } from "./validate.ts";

const generalist = {
  id: "muxi-generalist",
  name: "Generalist",
  description: "Answers questions of every kind",
  system_message:
    "You are a helpful assistant. Answer from what you were given about the user and the conversation where it helps, and say so when you do not know.",
};

/**
 * The agent that answers in a formation without agents of its own (docs/spec/formation-files.md
 * "Declared and found components").
 */
export const builtInAgent = (): AgentDefinition => ({
  ...generalist,
  role: "general",
  specialties: [],
  llm_models: [],
  mcp_servers: [],
  skills: [],
  a2a: { internal: true, external: true },
  document: generalist,
});

/**
 * Warnings for capabilities that are named more than once; the last entry counts (docs/spec/formation-files.md
 * "Manifest: llm").
 */
export const repeatedCapabilities = (entries: readonly ModelEntry[], place: Place, path: Path): Finding[] =>
  entries.flatMap(({ capability }, index) =>
    entries.slice(0, index).some((earlier) => earlier.capability === capability)
      ? [
          findingAt(
            place,
            [...path, index],
            `names the capability ${capability} again; this entry is used`,
            "Remove the others",
          ),
        ]
      : [],
  );

const checkAgentServer = (
  entry: string | Mapping,
  place: Place,
  written: unknown,
): Checked<ServerAttachment | McpServerDefinition> => {
  if (typeof entry === "string") return { definition: { id: entry }, errors: [], warnings: [] };
  if ("type" in entry || "command" in entry || "endpoint" in entry) return checkServer(entry, place, written);
  const result = validate(attachmentSchema(), entry, place);
  return "errors" in result
    ? result
    : {
        definition: result.value,
        errors: [],
        warnings: [...result.warnings, ...emptyFilters(result.value.tools, place)],
      };
};

/** Checks the definition of an agent (docs/spec/formation-files.md "Agent files"). */
export const checkAgent = (data: Mapping, place: Place, written: unknown): Checked<AgentDefinition> => {
  const { data: modern, warnings } = modernizeAgent(data, place);
  const result = validate(agentSchema, modern, place);
  warnings.push(...result.warnings);
  if ("errors" in result) return { errors: result.errors, warnings };
  const agent = result.value;
  const writtenServers = isObject(written) && Array.isArray(written.mcp_servers) ? written.mcp_servers : [];
  const servers = agent.mcp_servers.map((entry, index) =>
    checkAgentServer(entry, { ...place, base: [...place.base, "mcp_servers", index] }, writtenServers[index]),
  );
  const errors = servers.flatMap((server) => server.errors);
  warnings.push(
    ...servers.flatMap((server) => server.warnings),
    ...repeatedCapabilities(agent.llm_models, place, ["llm_models"]),
  );
  if (errors.length > 0) return { errors, warnings };
  return {
    definition: {
      id: agent.id,
      name: agent.name,
      description: agent.description,
      system_message: agent.system_message,
      role: agent.role,
      specialties: agent.specialties,
      llm_models: agent.llm_models,
      tools: agent.tools,
      skills: agent.skills,
      knowledge: agent.knowledge,
      author: agent.author,
      url: agent.url,
      version: agent.version,
      license: agent.license,
      a2a: { internal: agent.a2a.internal, external: agent.a2a.external },
      mcp_servers: servers.flatMap(({ definition }) => (definition ? [definition] : [])),
      source: place.source.file,
      document: { id: agent.id, ...shownDocument(written) },
    },
    errors: [],
    warnings,
  };
};
