import { formationIdPattern, isObject, reservedFormationIds } from "@muxi/protocol";
import { repeatedCapabilities } from "./agents.ts";
import type { Path } from "./base/index.ts";
import { resolveInside } from "./base/index.ts";
import type { Loaded } from "./components.ts";
import type { AgentDefinition, McpServerDefinition } from "./formation.ts";
import { describeLeftOut, knowledgeFiles } from "./knowledge.ts";
import type { LoadContext } from "./load-context.ts";
import { resolveAlias, splitModelId } from "./models.ts";
import type { Manifest } from "./schema/manifest.ts";
import { capabilities, type ModelEntry } from "./schema/models.ts";
import { findingAt, type Place } from "./validate.ts";
import { meetsConstraint } from "./versions.ts";

/** Ids that can run locally; a server accepts fewer. */
const localIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const checkId = ({ report, forServer }: LoadContext, { id }: Manifest, place: Place): void => {
  const refused = forServer ? report.errors : report.warnings;
  const locally = forServer ? "" : "runs locally, but ";
  const hint = "Use 3 to 50 characters from a-z, 0-9 and -, without - at either end";
  if (!localIdPattern.test(id)) {
    report.errors.push(findingAt(place, ["id"], "contains characters that cannot be part of a URL", hint));
  } else if (!formationIdPattern.test(id)) {
    refused.push(findingAt(place, ["id"], `${locally}is not accepted by a server`, hint));
  } else if (reservedFormationIds.has(id)) {
    const message = `${locally}is reserved for a path of the server`;
    refused.push(findingAt(place, ["id"], message, "Choose another id"));
  }
};

/** Checks of the manifest that go beyond the types of its fields. */
export const checkManifest = (loading: LoadContext, manifest: Manifest, place: Place): void => {
  const { errors, suggestions } = loading.report;
  checkId(loading, manifest, place);
  if (!manifest.memory.persistent.enabled) {
    for (const { source, path } of loading.userCredentials) {
      const message = "needs persistent memory, where users' credentials are stored";
      errors.push(findingAt({ source, base: [] }, path, message, "Set memory.persistent.enabled: true"));
    }
  }
  if (isObject(manifest.mcp.watch) && manifest.mcp.servers.length === 0) {
    errors.push(findingAt(place, ["mcp", "watch"], "watches tools, but mcp.servers names no server"));
  }
  const { client_key, admin_key } = manifest.server.api_keys;
  if (client_key === undefined || admin_key === undefined) {
    const message = "lacks client_key or admin_key, so the missing key is generated";
    suggestions.push(findingAt(place, ["server", "api_keys"], message, "Set both before you deploy"));
  }
  if (!manifest.llm.models.some(({ capability }) => capability === "text")) {
    const message = "names no text model, so the runtime's default model answers";
    suggestions.push(findingAt(place, ["llm", "models"], message, "For example: - text: openai/gpt-4o-mini"));
  }
};

/** A formation may require certain versions of the runtime (docs/spec/formation-files.md "Versions"). */
export const checkRuntime = (
  { report }: LoadContext,
  { runtime }: Manifest,
  place: Place,
  version: string,
): void => {
  const constraint = typeof runtime === "object" ? runtime.version : runtime;
  if (constraint === undefined) return;
  const path = typeof runtime === "object" ? ["runtime", "version"] : ["runtime"];
  const met = meetsConstraint(version, constraint);
  if (met === undefined) {
    const hint = 'For example: "1.2" for every 1.2.x, or ">=1.2 <2"';
    report.errors.push(findingAt(place, path, `${constraint} is not a version constraint`, hint));
  } else if (!met) {
    const message = `requires the MUXI runtime ${constraint}, but this is ${version}`;
    report.errors.push(findingAt(place, path, message, "Install that version, or change the constraint"));
  }
};

interface Reference {
  place: Place;
  path: Path;
  model: string | undefined;
}

const entryReferences = (entries: readonly ModelEntry[], place: Place, path: Path): Reference[] =>
  entries.flatMap(({ capability, model, settings }, index) => [
    { place, path: [...path, index, capability], model },
    { place, path: [...path, index, "settings", "fallback_model"], model: settings.fallback_model },
  ]);

/**
 * A model of `memory.persistent.embedding_model` without its provider belongs to that of the formation's embedding
 * model, or else to that of its text model (docs/spec/formation-files.md "Choosing a model").
 */
export const withEmbeddingProvider = (
  { report }: LoadContext,
  manifest: Manifest,
  place: Place,
): Manifest => {
  const { llm, memory } = manifest;
  const model = memory.persistent.embedding_model;
  if (model === undefined || splitModelId(resolveAlias(llm.aliases, model))) return manifest;
  const provider = (["embedding", "text"] as const)
    .map((capability) => llm.models.findLast((entry) => entry.capability === capability)?.model ?? "")
    .flatMap((reference) => splitModelId(resolveAlias(llm.aliases, reference))?.provider ?? [])[0];
  if (provider === undefined) return manifest;
  const embedding_model = `${provider}/${model}`;
  const message = `names a model without its provider; it is read as ${embedding_model}`;
  report.warnings.push(
    findingAt(place, ["memory", "persistent", "embedding_model"], message, `Write ${embedding_model}`),
  );
  return { ...manifest, memory: { ...memory, persistent: { ...memory.persistent, embedding_model } } };
};

/** Every model must be an alias or include its provider (docs/spec/formation-files.md "Choosing a model"). */
export const checkModels = (
  { report }: LoadContext,
  { llm, overlord, memory }: Manifest,
  place: Place,
  agents: readonly Loaded<AgentDefinition>[],
): void => {
  report.warnings.push(...repeatedCapabilities(llm.models, place, ["llm", "models"]));
  for (const [name, model] of Object.entries(llm.aliases)) {
    const refuse = (message: string, hint?: string) => {
      report.errors.push(findingAt(place, ["llm", "aliases", name], message, hint));
    };
    if (capabilities.some((capability) => capability === name)) {
      refuse("is the name of a capability: choose another");
    }
    // An alias of an alias would have to be followed wherever a model is named.
    if (!splitModelId(model)) refuse("names a model without its provider", "Write provider/model");
  }
  const references: Reference[] = [
    ...entryReferences(llm.models, place, ["llm", "models"]),
    { place, path: ["llm", "settings", "fallback_model"], model: llm.settings.fallback_model },
    ...(["base", "synthesis"] as const).flatMap((stage) => [
      { place, path: ["overlord", "llm", stage, "model"], model: overlord.llm[stage]?.model },
      {
        place,
        path: ["overlord", "llm", stage, "settings", "fallback_model"],
        model: overlord.llm[stage]?.settings?.fallback_model,
      },
    ]),
    { place, path: ["memory", "persistent", "embedding_model"], model: memory.persistent.embedding_model },
    ...agents.flatMap((agent) => entryReferences(agent.definition.llm_models, agent.place, ["llm_models"])),
  ];
  for (const { place: at, path, model } of references) {
    if (model === undefined || splitModelId(resolveAlias(llm.aliases, model))) continue;
    const hint = "Write provider/model, for example openai/gpt-4o-mini, or name it in llm.aliases";
    report.errors.push(findingAt(at, path, "names a model without its provider", hint));
  }
};

/**
 * A `soul` in an agent is an error, even in a file that was found rather than listed (docs/spec/formation-files.md
 * "Agent files").
 */
export const checkSouls = ({ report }: LoadContext, agents: readonly Loaded<AgentDefinition>[]): void => {
  for (const { definition, place } of agents) {
    if (!("soul" in definition.document)) continue;
    const message = "belongs to the overlord: an agent has no soul of its own";
    report.errors.push(findingAt(place, ["soul"], message, "Move it to SOUL.md or overlord.soul"));
  }
};

/**
 * MCP servers that agents name must be servers of the formation (docs/spec/formation-files.md "Tools of an agent").
 */
export const checkAgentServers = (
  { report }: LoadContext,
  agents: readonly Loaded<AgentDefinition>[],
  servers: readonly McpServerDefinition[],
): void => {
  const available = servers.map(({ id }) => id);
  for (const { definition, place } of agents) {
    for (const [index, server] of definition.mcp_servers.entries()) {
      if ("type" in server || available.includes(server.id)) continue;
      const message = `names the MCP server ${server.id}, which the formation does not have`;
      const hint = `Available: ${available.join(", ") || "none"}`;
      report.errors.push(findingAt(place, ["mcp_servers", index], message, hint));
    }
  }
};

/** Warns of knowledge that will not be read (docs/spec/formation-files.md "Knowledge"). */
export const checkKnowledge = async (
  { dir, report }: LoadContext,
  agents: readonly Loaded<AgentDefinition>[],
): Promise<void> => {
  for (const { definition, place } of agents) {
    const { knowledge } = definition;
    for (const [index, source] of (knowledge?.enabled ? knowledge.sources : []).entries()) {
      const path = ["knowledge", "sources", index];
      if (source.description === undefined) {
        report.warnings.push(
          findingAt(place, [...path, "description"], "is missing: say what the source is about"),
        );
      }
      if (source.path === undefined) {
        const message = "is not read: only files and folders of the formation are";
        report.warnings.push(findingAt(place, [...path, "url"], message, "Save what it holds as a file"));
      } else if ((await resolveInside(dir, source.path)) === undefined) {
        const message = `${source.path} does not exist in the formation folder, or is a link that leads out of it`;
        report.warnings.push(findingAt(place, [...path, "path"], message));
      } else if (knowledge) {
        const left = describeLeftOut(await knowledgeFiles(dir, source, knowledge), source, knowledge);
        for (const { message, hint } of left) {
          report.warnings.push(findingAt(place, [...path, "path"], message, hint));
        }
      }
    }
  }
};
