import { type Environment, type Formation, mask, type Secrets, secretFieldName } from "@muxi/formation";

/** Masks secrets, and personal data where that is configured, in what leaves the process. */
export interface Redactor {
  text(text: string): string;
  /** A masked copy of a JSON value. */
  value(value: unknown): unknown;
  /** Like `value`, but masks secrets only: for operators who look at the configuration. */
  secretsIn(value: unknown): unknown;
}

/** Shorter secrets could be ordinary words, so they are masked only by the name of their field. */
const shortestSecret = 6;
const deepest = 12;
const mostItems = 1_000;

/** Patterns of personal data, each with what replaces it. */
const personal: readonly (readonly [RegExp, string])[] = [
  [/[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g, "[email]"],
  [/\b\d{3}-\d{2}-\d{4}\b/g, "[ssn]"],
  [/\b\d(?:[ -]?\d){12,18}\b/g, "[number]"],
  [/(?<![\w.])\+\d(?:[ ().-]{0,2}\d){7,14}\b/g, "[phone]"],
];

/** Keys in messages of libraries about their requests. */
const credentials = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g;

/**
 * All values that are known to be secret: the formation's secrets, its own keys and its providers', and the environment
 * variables with a telling name.
 */
export const knownSecrets = (
  secrets: Secrets,
  { manifest }: Formation,
  keys: { clientKey: string; adminKey: string },
  env: Environment,
): string[] => [
  ...secrets.names().map((name) => secrets.get(name) ?? ""),
  ...Object.values(manifest.llm.api_keys),
  keys.clientKey,
  keys.adminKey,
  ...Object.entries(env).flatMap(([name, value]) => (value && secretFieldName.test(name) ? [value] : [])),
];

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/**
 * The one list of what is hidden in logs, events and shown configuration (docs/spec/formation-files.md "Redaction").
 *
 * @param secrets Values that are never shown, such as the formation's secrets and keys.
 * @param entities Whether personal data is masked as well (`logging.redaction.entities`).
 */
export const createRedactor = ({
  secrets,
  entities,
}: {
  secrets: readonly string[];
  entities: boolean;
}): Redactor => {
  // The longest first, since one may contain another.
  const values = [...new Set(secrets)]
    .filter((secret) => secret.length >= shortestSecret)
    .sort((left, right) => right.length - left.length);
  const secretValues = values.length === 0 ? undefined : new RegExp(values.map(escaped).join("|"), "g");

  const withoutSecrets = (text: string) =>
    (secretValues ? text.replace(secretValues, (secret) => mask(secret)) : text).replace(
      credentials,
      "$1 ...",
    );

  const withoutPeople = (text: string) =>
    personal.reduce((rest, [pattern, substitute]) => rest.replace(pattern, substitute), text);

  const text = (written: string) =>
    entities ? withoutPeople(withoutSecrets(written)) : withoutSecrets(written);

  const walk = (value: unknown, clean: (text: string) => string, depth: number): unknown => {
    if (typeof value === "string") return clean(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= deepest) return "...";
    if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => walk(item, clean, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        secretFieldName.test(name) && typeof item === "string" ? mask(item) : walk(item, clean, depth + 1),
      ]),
    );
  };

  return {
    text,
    value: (value) => walk(value, text, 0),
    secretsIn: (value) => walk(value, withoutSecrets, 0),
  };
};
