import { isObject } from "@muxi/protocol";
import type { Finding, Mapping } from "./base/index.ts";
import type { Checked } from "./components.ts";
import { fieldMeantBy } from "./did-you-mean.ts";
import type { McpServerDefinition, ServerAttachment } from "./formation.ts";
import { modernizeServer } from "./legacy.ts";
import { maskSecrets } from "./masking.ts";
import { type McpServerConfig, mcpServerSchema, type ToolFilter } from "./schema/mcp-server.ts";
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
    .map(([name]) =>
      findingAt(place, ["tools", name], "is empty and has no effect", "Remove it, or add a pattern"),
    );

/** The fields that each kind of `auth` reads of a server over HTTP, beside its type. */
const authFields: Readonly<
  Record<"bearer" | "basic" | "api_key" | "none", { needed: readonly string[]; others: readonly string[] }>
> = {
  bearer: { needed: ["token"], others: [] },
  basic: { needed: ["username", "password"], others: [] },
  api_key: { needed: ["key"], others: ["header"] },
  none: { needed: [], others: [] },
};

/** Warnings for fields of `auth` that its type does not read, or lacks. */
const oddAuth = ({ auth, ...server }: McpServerConfig, place: Place): Finding[] => {
  if (!auth) return [];
  const idle = (of: string, hint: string) => [
    findingAt(place, ["auth", "type"], `has no effect on ${of}`, hint),
  ];
  if (server.type === "command") {
    if (auth.type === "env" || auth.type === "none") return [];
    return idle("a program", "Give the program its credentials with auth.type env");
  }
  if (auth.type === "env") return idle("a server that is reached by HTTP", "Use bearer, basic or api_key");
  const { type, accept_inline: _, ...fields } = auth;
  const { needed, others } = authFields[type];
  const missing = needed.filter((name) => fields[name] === undefined);
  return [
    ...Object.keys(fields)
      .filter((name) => ![...needed, ...others].includes(name))
      .map((name) => {
        const meant = fieldMeantBy(name, [...missing, ...others]);
        const hint = meant === undefined ? "Correct its name, or remove it" : `Did you mean ${meant}?`;
        return findingAt(place, ["auth", name], "is an unknown field, so it is ignored", hint);
      }),
    ...missing.map((name) => {
      const message = `is missing: the server cannot be reached without it, because auth.type is ${type}`;
      return findingAt(place, ["auth", name], message, `Add it: ${name}: "\${{ secrets.NAME }}"`);
    }),
  ];
};

/** Checks the definition of a server (docs/spec/formation-files.md "MCP server files"). */
export const checkServer = (data: Mapping, place: Place, written: unknown): Checked<McpServerDefinition> => {
  const { data: modern, warnings } = modernizeServer(data, place);
  const result = validate(mcpServerSchema(), modern, place);
  warnings.push(...result.warnings);
  if ("errors" in result) return { errors: result.errors, warnings };
  const { value } = result;
  warnings.push(...emptyFilters(value.tools, place), ...oddAuth(value, place));
  if (value.description === "") {
    warnings.push(findingAt(place, ["description"], "is missing", "Say in it what the server is for"));
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
