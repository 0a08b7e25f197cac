import { isObject } from "@muxi/protocol";

/** Names of fields and variables whose value is a secret. */
export const secretFieldName = /(^|[_-])(key|token|secret|password|passwd|authorization|cookie|salt)$/i;

/** Mappings in which any value may be a secret. */
const secretSections = new Set(["api_keys", "env", "headers", "auth"]);

/** Fields of these mappings that are not secret. */
const openFields = new Set(["type", "header", "username", "accept_inline", "account_name"]);

/** `sk-a...wxyz`: enough to recognise a key. Short values are hidden completely, references stay as they are. */
export const mask = (text: string): string => {
  if (text.includes("${{")) return text;
  return text.length < 16 ? "..." : `${text.slice(0, 4)}...${text.slice(-4)}`;
};

/** Masks the password in `scheme://user:password@host`. */
const maskUrl = (text: string): string =>
  text.replace(
    /(:\/\/[^\s/:@]*):([^\s/@]+)@/g,
    (_, start: string, password: string) => `${start}:${mask(password)}@`,
  );

/**
 * Makes configuration fit to be shown: references stay as they are, hard-coded secrets are masked
 * (docs/spec/formation-api.md "Configuration").
 */
export const maskSecrets = (value: unknown, hidden = false): unknown => {
  if (typeof value === "string") return hidden ? mask(value) : maskUrl(value);
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, hidden));
  if (!isObject(value)) return hidden && typeof value === "number" ? "..." : value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const isSecret =
        secretFieldName.test(name) || secretSections.has(name) || (hidden && !openFields.has(name));
      return [name, maskSecrets(item, isSecret)];
    }),
  );
};
