import { isObject } from "@muxi/protocol";
import type { Mapping } from "./base/index.ts";
import type { Checked } from "./components.ts";
import type { McpServerDefinition, ServerAttachment } from "./formation.ts";
import { modernizeServer } from "./legacy.ts";
import { maskSecrets } from "./masking.ts";
import { mcpServerSchema, type ToolFilter } from "./schema/mcp-server.ts";
import { findingAt, type Place, validate } from "./validate.ts";

/** Whether an entry defines a server of the agent's own, rather than naming one of the formation's. */
export const isServerDefinition = (
  entry: ServerAttachment | McpServerDefinition,
): entry is McpServerDefinition => "type" in entry;

/** A component as written, with secrets masked. */
export const shownDocument = (written: unknown): Mapping => {
  const masked = maskSecrets(written);
  return isObject(masked) ? masked : {};
};

/** Warnings for empty lists in a tool filter. */
export const emptyFilters = (tools: ToolFilter | undefined, place: Place) =>
  Object.entries(tools ?? {})
    .filter(([, patterns]) => patterns.length === 0)
    .map(([name]) => findingAt(place, ["tools", name], "is empty and has no effect"));

/** Checks the definition of a server (docs/spec/formation-files.md "MCP server files"). */
export const checkServer = (data: Mapping, place: Place, written: unknown): Checked<McpServerDefinition> => {
  const result = validate(mcpServerSchema, modernizeServer(data), place);
  if ("errors" in result) return result;
  const { value } = result;
  const warnings = [...result.warnings, ...emptyFilters(value.tools, place)];
  if (value.description === "") {
    warnings.push(findingAt(place, ["description"], "is missing; say what the server is for"));
  }
  return {
    definition: {
      ...value,
      source: place.source.file,
      document: { id: value.id, ...shownDocument(written) },
    },
    errors: [],
    warnings,
  };
};
