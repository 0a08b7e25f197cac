import { isObject } from "@muxi/protocol";
import type { Finding, Mapping } from "./base/index.ts";
import { findingAt, type Place } from "./validate.ts";

/** Fields of older formations and their current names. */
type Renames = readonly (readonly [from: string, to: string])[];

const manifestRenames: Renames = [
  ["overlord.persona", "overlord.soul"],
  ["overlord.llm.model", "overlord.llm.base.model"],
  ["overlord.llm.api_key", "overlord.llm.base.api_key"],
  ["overlord.llm.settings", "overlord.llm.base.settings"],
  ["llm.settings.caching.similarity_threshold", "llm.settings.caching.p"],
  ["overlord.clarification.max_questions", "overlord.clarification.max_rounds.direct"],
  ["logging.enabled", "logging.conversation.enabled"],
  ["logging.streams", "logging.conversation.streams"],
  ["user_credentials.encryption_key", "user_credentials.encryption.key"],
];
const manifestIgnored = ["overlord.llm.extraction_model", "observability"];

const agentRenames: Renames = [
  ["llm.models", "llm_models"],
  ["a2a_enabled", "a2a.internal"],
];
const agentIgnored = [
  "enable_direct_delegation",
  "delegation_strategy",
  "system_behavior",
  "memory",
  "rate_limiting",
  "timeout",
  "metadata",
  "default",
  "knowledge.auto_update",
];

const serverRenames: Renames = [
  ["cwd", "working_directory"],
  ["retry_attempts", "max_retries"],
];

/** What the configuration of other programs calls these fields. */
const serverForeign: Renames = [
  ["transport", "type"],
  ["url", "endpoint"],
];

const agentRewritten = [
  "specialization",
  "specialization_domain",
  "specialization_subdomain",
  "specialization_keywords",
  "llm.settings",
  "knowledge.files",
  "knowledge.directories",
];

const fieldAt = (data: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), data);

const without = (data: Mapping, [key = "", ...rest]: readonly string[]): Mapping => {
  const { [key]: child, ...others } = data;
  if (rest.length === 0) return others;
  return isObject(child) ? { ...data, [key]: without(child, rest) } : data;
};

/** Sets a field unless it has a value, or a parent is not a mapping. */
const withDefault = (data: Mapping, [key = "", ...rest]: readonly string[], value: unknown): Mapping => {
  const child = data[key];
  if (rest.length === 0) return child === undefined ? { ...data, [key]: value } : data;
  if (child !== undefined && !isObject(child)) return data;
  return { ...data, [key]: withDefault(child ?? {}, rest, value) };
};

const rename = (data: Mapping, [from, to]: Renames[number]): Mapping => {
  const path = from.split(".");
  const value = fieldAt(data, path);
  return value === undefined ? data : withDefault(without(data, path), to.split("."), value);
};

const present = (data: Mapping, fields: readonly string[]): string[] =>
  fields.filter((field) => fieldAt(data, field.split(".")) !== undefined);

const oldFields = (data: Mapping, place: Place, renames: Renames, ignored: readonly string[]): Finding[] => [
  ...renames.flatMap(([from, to]) =>
    present(data, [from]).map((field) =>
      findingAt(place, field.split("."), `is an old name; it is read as ${to}`, `Rename it to ${to}`),
    ),
  ),
  ...present(data, ignored).map((field) =>
    findingAt(place, field.split("."), "is no longer used and is ignored", "Remove it"),
  ),
];

/** Data in its current form, with a warning for each older form that was found. */
export interface Modernized {
  data: Mapping;
  warnings: Finding[];
}

const withoutFields = (data: Mapping, fields: readonly string[]): Mapping =>
  present(data, fields).reduce((rest, field) => without(rest, field.split(".")), data);

/** Brings a manifest to its current form (docs/spec/formation-files.md "Older forms"). */
export const modernizeManifest = (data: Mapping, place: Place): Modernized => ({
  data: withoutFields(manifestRenames.reduce(rename, data), manifestIgnored),
  warnings: oldFields(data, place, manifestRenames, manifestIgnored),
});

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** An old block that is empty once its fields are read elsewhere. */
const withoutEmptyModels = (data: Mapping): Mapping =>
  isObject(data.llm) && Object.keys(data.llm).length === 0 ? without(data, ["llm"]) : data;

/** Merges `specialization` of old agents, also in its flat form, into `specialties`. */
const withSpecialties = (data: Mapping): Mapping => {
  const {
    specialization,
    specialization_domain,
    specialization_subdomain,
    specialization_keywords,
    ...rest
  } = data;
  const { domain, subdomain, keywords } = isObject(specialization) ? specialization : {};
  const found = [
    ...strings([domain, subdomain, specialization_domain, specialization_subdomain]),
    ...strings(keywords),
    ...strings(specialization_keywords),
  ];
  if (found.length === 0) return rest;
  const own = rest.specialties ?? [];
  return Array.isArray(own) ? { ...rest, specialties: [...new Set([...own, ...found])] } : rest;
};

/** `llm.settings` of old agents applied to all of the agent's models. */
const withModelSettings = (data: Mapping): Mapping => {
  const settings = fieldAt(data, ["llm", "settings"]);
  const models = data.llm_models;
  if (!isObject(settings) || !Array.isArray(models)) return data;
  const merge = (entry: unknown): unknown => {
    if (!isObject(entry) || !(entry.settings === undefined || isObject(entry.settings))) return entry;
    return { ...entry, settings: { ...settings, ...entry.settings } };
  };
  return { ...without(data, ["llm", "settings"]), llm_models: models.map(merge) };
};

/** Turns `files` and `directories` of old knowledge blocks into sources. */
const withSources = (data: Mapping): Mapping => {
  const { knowledge } = data;
  if (!isObject(knowledge)) return data;
  const { files, directories, ...rest } = knowledge;
  const found = [...strings(files), ...strings(directories)].map((path) => ({ path }));
  const own = rest.sources ?? [];
  return Array.isArray(own) ? { ...data, knowledge: { ...rest, sources: [...own, ...found] } } : data;
};

/** Names of other runtimes for `file_limit` of a source. */
const sourceLimits: Renames = [
  ["max_files", "file_limit"],
  ["max_files_per_source", "file_limit"],
];

/** The sources of a knowledge block under their current names, with the warnings for them. */
const modernizeSources = (data: Mapping, place: Place): Modernized => {
  const sources = fieldAt(data, ["knowledge", "sources"]);
  if (!isObject(data.knowledge) || !Array.isArray(sources)) return { data, warnings: [] };
  const modern = sources.map((source, index) => {
    if (!isObject(source)) return { data: source, warnings: [] };
    const at = { ...place, base: [...place.base, "knowledge", "sources", index] };
    return { data: sourceLimits.reduce(rename, source), warnings: oldFields(source, at, sourceLimits, []) };
  });
  return {
    data: { ...data, knowledge: { ...data.knowledge, sources: modern.map((source) => source.data) } },
    warnings: modern.flatMap(({ warnings }) => warnings),
  };
};

const rewrittenAs: Record<string, string> = {
  specialization: "specialties",
  specialization_domain: "specialties",
  specialization_subdomain: "specialties",
  specialization_keywords: "specialties",
  "llm.settings": "settings of each of llm_models",
  "knowledge.files": "knowledge.sources",
  "knowledge.directories": "knowledge.sources",
};

/** Brings an agent to its current form (docs/spec/formation-files.md "Older forms"). */
export const modernizeAgent = (data: Mapping, place: Place): Modernized => {
  const rewritten = agentRewritten.map((field) => [field, rewrittenAs[field] ?? field] as const);
  const warnings = oldFields(data, place, [...agentRenames, ...rewritten], agentIgnored);
  const sources = modernizeSources(data, place);
  const renamed = withSpecialties(agentRenames.reduce(rename, sources.data));
  const modern = withoutEmptyModels(withSources(withModelSettings(renamed)));
  return { data: withoutFields(modern, agentIgnored), warnings: [...warnings, ...sources.warnings] };
};

/** Names of other programs for the two ways to reach an MCP server. */
const serverTypes = new Map([
  ["stdio", "command"],
  ["local", "command"],
  ["https", "http"],
  ["remote", "http"],
  ["sse", "http"],
  ["streamable-http", "http"],
  ["streamablehttp", "http"],
]);

/** The `type` that is meant by a server's fields, with what is said of it; undefined when it is as it should be. */
const meantType = ({ type, command, endpoint }: Mapping) => {
  if (typeof type === "string") {
    const meant = serverTypes.get(type.toLowerCase().replaceAll("_", "-"));
    return meant && { meant, message: `is read as ${meant}` };
  }
  if (type !== undefined || (command === undefined) === (endpoint === undefined)) return undefined;
  const meant = command === undefined ? "http" : "command";
  return { meant, message: `is missing; it is read as ${meant}` };
};

/**
 * Brings an MCP server to its current form. `cwd` and `retry_attempts` are other names that give no warning
 * (docs/spec/formation-files.md "MCP server files", "Values that are read as meant").
 */
export const modernizeServer = (data: Mapping, place: Place): Modernized => {
  const foreign = serverForeign.filter(([, to]) => data[to] === undefined);
  const renamed = [...serverRenames, ...foreign].reduce(rename, data);
  const warnings = oldFields(data, place, foreign, []);
  const type = meantType(renamed);
  if (!type) return { data: renamed, warnings };
  const written = data.type === undefined && data.transport !== undefined ? "transport" : "type";
  warnings.push(findingAt(place, [written], type.message, `Write type: ${type.meant}`));
  return { data: { ...renamed, type: type.meant }, warnings };
};

/** Every field that is read for the sake of older formations. */
export const olderFields: readonly string[] = [
  ...[...manifestRenames, ...agentRenames, ...sourceLimits, ...serverRenames, ...serverForeign].map(
    ([from]) => from,
  ),
  ...manifestIgnored,
  ...agentIgnored,
  ...agentRewritten,
];
