import { type Data, isData } from "./base/index.ts";
import type { Checked } from "./components.ts";
import type { McpServerDefinition, ServerAttachment } from "./formation.ts";
import { modernServer } from "./legacy.ts";
import { maskSecrets } from "./masking.ts";
import { mcpServerSchema, type ToolFilter } from "./schema/mcp-server.ts";
import { findingAt, type Place, validate } from "./validate.ts";

/** Tells an agent's own server from an attachment to one of the formation's. */
export const isServerDefinition = (
  entry: ServerAttachment | McpServerDefinition,
): entry is McpServerDefinition => "type" in entry;

/** What was written, masked. */
export const shownDocument = (written: unknown): Data => {
  const masked = maskSecrets(written);
  return isData(masked) ? masked : {};
};

/** Lists of a filter that hold nothing, and so do nothing. */
export const emptyFilters = (tools: ToolFilter | undefined, place: Place) =>
  Object.entries(tools ?? {})
    .filter(([, patterns]) => patterns.length === 0)
    .map(([name]) => findingAt(place, ["tools", name], "is empty and has no effect"));

/** Checks the definition of a server (contract/formation.md 4.1). */
export const checkServer = (data: Data, place: Place, written: unknown): Checked<McpServerDefinition> => {
  const result = validate(mcpServerSchema, modernServer(data), place);
  if ("errors" in result) return { errors: result.errors, warnings: [] };
  const { value } = result;
  const warnings = emptyFilters(value.tools, place);
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
