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

const agentRewritten = ["specialization", "llm.settings", "knowledge.files", "knowledge.directories"];

/** Every field that is read for the sake of older formations. */
export const olderFields: readonly string[] = [
  ...[...manifestRenames, ...agentRenames, ...serverRenames].map(([from]) => from),
  ...manifestIgnored,
  ...agentIgnored,
  ...agentRewritten,
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

/** Brings a manifest to its current form (docs/spec/formation-files.md "Older forms"). */
export const modernizeManifest = (data: Mapping, place: Place): Modernized => ({
  data: manifestRenames.reduce(rename, data),
  warnings: oldFields(data, place, manifestRenames, manifestIgnored),
});

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** Merges `specialization` of old agents into `specialties`. */
const withSpecialties = (data: Mapping): Mapping => {
  const { specialization, ...rest } = data;
  if (!isObject(specialization)) return data;
  const { domain, subdomain, keywords } = specialization;
  const found = [...strings([domain, subdomain]), ...strings(keywords)];
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
  return { ...data, llm_models: models.map(merge) };
};

/** Turns `files` and `directories` of old knowledge blocks into sources. */
const withSources = (data: Mapping): Mapping => {
  const { knowledge } = data;
  if (!isObject(knowledge)) return data;
  const { files, directories, ...rest } = knowledge;
  const found = [...strings(files), ...strings(directories)].map((path) => ({ path }));
  if (found.length === 0) return data;
  const own = rest.sources ?? [];
  return Array.isArray(own) ? { ...data, knowledge: { ...rest, sources: [...own, ...found] } } : data;
};

const rewrittenAs: Record<string, string> = {
  specialization: "specialties",
  "llm.settings": "settings of each of llm_models",
  "knowledge.files": "knowledge.sources",
  "knowledge.directories": "knowledge.sources",
};

/** Brings an agent to its current form (docs/spec/formation-files.md "Older forms"). */
export const modernizeAgent = (data: Mapping, place: Place): Modernized => ({
  data: withSources(withModelSettings(withSpecialties(agentRenames.reduce(rename, data)))),
  warnings: oldFields(
    data,
    place,
    [...agentRenames, ...agentRewritten.map((field) => [field, rewrittenAs[field] ?? field] as const)],
    agentIgnored,
  ),
});

/**
 * Accepts the alternative names of an MCP server's fields, which are not deprecated (docs/spec/formation-files.md
 * "MCP server files").
 */
export const modernizeServer = (data: Mapping): Mapping => serverRenames.reduce(rename, data);
