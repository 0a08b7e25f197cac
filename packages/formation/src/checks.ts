import { formationIdPattern, isObject, localFormationIdPattern, reservedFormationIds } from "@muxi/protocol";
import type { Loaded } from "./components.ts";
import type { AgentDefinition, McpServerDefinition } from "./formation.ts";
import type { LoadContext } from "./load-context.ts";
import type { Manifest } from "./schema/manifest.ts";
import { findingAt, type Place } from "./validate.ts";
import { meetsConstraint } from "./versions.ts";

const checkId = ({ report, forServer }: LoadContext, { id }: Manifest, place: Place): void => {
  const refused = forServer ? report.errors : report.warnings;
  const locally = forServer ? "" : "runs from its folder, but ";
  const hint = "Use 3 to 50 characters from a-z, 0-9 and -, without - at either end";
  if (!localFormationIdPattern.test(id)) {
    report.errors.push(findingAt(place, ["id"], "contains characters that cannot be part of a URL", hint));
  } else if (!formationIdPattern.test(id)) {
    refused.push(findingAt(place, ["id"], `${locally}cannot be deployed`, hint));
  } else if (reservedFormationIds.has(id)) {
    const message = `${locally}cannot be deployed: it is a path of the server`;
    refused.push(findingAt(place, ["id"], message, "Choose another id"));
  }
};

/** Checks of the manifest that go beyond the types of its fields. */
export const checkManifest = (
  loading: LoadContext,
  manifest: Manifest,
  servers: readonly McpServerDefinition[],
  place: Place,
): void => {
  const { errors, suggestions } = loading.report;
  checkId(loading, manifest, place);
  if (!manifest.memory.persistent.enabled) {
    for (const { source, path } of loading.userCredentials) {
      const message = "needs persistent memory, where users' credentials are stored";
      errors.push(findingAt({ source, base: [] }, path, message, "Set memory.persistent.enabled: true"));
    }
  }
  if (isObject(manifest.mcp.watch) && servers.length === 0) {
    const message = "watches tools, but the formation has no MCP server";
    errors.push(findingAt(place, ["mcp", "watch"], message, "Remove it, or add a server"));
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
