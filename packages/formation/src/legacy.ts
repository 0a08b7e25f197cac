import type { Finding } from "./base/index.ts";
import { type Data, isData } from "./base/index.ts";
import { findingAt, type Place } from "./validate.ts";

/** Fields of older formations, and where they went. */
type Moves = readonly (readonly [from: string, to: string])[];

const manifestMoves: Moves = [
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

const agentMoves: Moves = [
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

const serverMoves: Moves = [
  ["cwd", "working_directory"],
  ["retry_attempts", "max_retries"],
];

const fieldAt = (data: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isData(value) ? value[key] : undefined), data);

const without = (data: Data, [key = "", ...rest]: readonly string[]): Data => {
  const { [key]: child, ...others } = data;
  if (rest.length === 0) return others;
  return isData(child) ? { ...data, [key]: without(child, rest) } : data;
};

/** Sets a field unless something stands there, or in its way. */
const withDefault = (data: Data, [key = "", ...rest]: readonly string[], value: unknown): Data => {
  const child = data[key];
  if (rest.length === 0) return child === undefined ? { ...data, [key]: value } : data;
  if (child !== undefined && !isData(child)) return data;
  return { ...data, [key]: withDefault(child ?? {}, rest, value) };
};

const move = (data: Data, [from, to]: Moves[number]): Data => {
  const path = from.split(".");
  const value = fieldAt(data, path);
  return value === undefined ? data : withDefault(without(data, path), to.split("."), value);
};

const present = (data: Data, fields: readonly string[]): string[] =>
  fields.filter((field) => fieldAt(data, field.split(".")) !== undefined);

const oldFields = (data: Data, place: Place, moves: Moves, ignored: readonly string[]): Finding[] => [
  ...moves.flatMap(([from, to]) =>
    present(data, [from]).map((field) =>
      findingAt(place, field.split("."), `is an old name; it is read as ${to}`, `Rename it to ${to}`),
    ),
  ),
  ...present(data, ignored).map((field) =>
    findingAt(place, field.split("."), "is no longer used and is ignored", "Remove it"),
  ),
];

/** What is read in place of older forms, and warnings that name them. */
export interface Modern {
  data: Data;
  warnings: Finding[];
}

/** Reads the older forms of a manifest (contract/formation.md 2.4, 2.5, 2.11, 2.12, 14). */
export const modernManifest = (data: Data, place: Place): Modern => ({
  data: manifestMoves.reduce(move, data),
  warnings: oldFields(data, place, manifestMoves, manifestIgnored),
});

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** `specialization` of old agents names the same things as `specialties`. */
const withSpecialties = (data: Data): Data => {
  const { specialization, ...rest } = data;
  if (!isData(specialization)) return data;
  const { domain, subdomain, keywords } = specialization;
  const found = [...strings([domain, subdomain]), ...strings(keywords)];
  const own = rest.specialties ?? [];
  return Array.isArray(own) ? { ...rest, specialties: [...new Set([...own, ...found])] } : rest;
};

/** `llm.settings` of old agents held for all of the agent's models. */
const withModelSettings = (data: Data): Data => {
  const settings = fieldAt(data, ["llm", "settings"]);
  const models = data.llm_models;
  if (!isData(settings) || !Array.isArray(models)) return data;
  const merge = (entry: unknown): unknown => {
    if (!isData(entry) || !(entry.settings === undefined || isData(entry.settings))) return entry;
    return { ...entry, settings: { ...settings, ...entry.settings } };
  };
  return { ...data, llm_models: models.map(merge) };
};

/** `files` and `directories` of old knowledge blocks are sources. */
const withSources = (data: Data): Data => {
  const { knowledge } = data;
  if (!isData(knowledge)) return data;
  const { files, directories, ...rest } = knowledge;
  const found = [...strings(files), ...strings(directories)].map((path) => ({ path }));
  if (found.length === 0) return data;
  const own = rest.sources ?? [];
  return Array.isArray(own) ? { ...data, knowledge: { ...rest, sources: [...own, ...found] } } : data;
};

const agentRewritten = ["specialization", "llm.settings", "knowledge.files", "knowledge.directories"];
const rewrittenAs: Record<string, string> = {
  specialization: "specialties",
  "llm.settings": "settings of each of llm_models",
  "knowledge.files": "knowledge.sources",
  "knowledge.directories": "knowledge.sources",
};

/** Reads the older forms of an agent (contract/formation.md 3, 12). */
export const modernAgent = (data: Data, place: Place): Modern => ({
  data: withSources(withModelSettings(withSpecialties(agentMoves.reduce(move, data)))),
  warnings: oldFields(
    data,
    place,
    [...agentMoves, ...agentRewritten.map((field) => [field, rewrittenAs[field] ?? field] as const)],
    agentIgnored,
  ),
});

/** Reads the other names of an MCP server's fields, which are as good as the first (contract/formation.md 4.1). */
export const modernServer = (data: Data): Data => serverMoves.reduce(move, data);
