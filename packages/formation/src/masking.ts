import { isData } from "./base/index.ts";

/** Names whose value is a secret wherever they stand. */
export const secretName = /(^|[_-])(key|token|secret|password|passwd|authorization|cookie|salt)$/i;

/** Mappings whose values may all be secret. */
const secretSections = new Set(["api_keys", "env", "headers", "auth"]);

/** What describes an `auth` block without giving anything away. */
const openFields = new Set(["type", "header", "username", "accept_inline"]);

/** `sk-a...wxyz`: enough to recognise a key by. Short values give nothing, references stay as they are. */
export const mask = (text: string): string => {
  if (text.includes("${{")) return text;
  return text.length < 16 ? "..." : `${text.slice(0, 4)}...${text.slice(-4)}`;
};

/** Takes the password out of `scheme://user:password@host`. */
const maskUrl = (text: string): string =>
  text.replace(
    /(:\/\/[^\s/:@]*):([^\s/@]+)@/g,
    (_, start: string, password: string) => `${start}:${mask(password)}@`,
  );

/**
 * What was written, fit to be shown: `${{ … }}` stays as it is and hard-coded secrets are masked
 * (docs/spec/formation-api.md "Configuration").
 */
export const maskSecrets = (value: unknown, hidden = false): unknown => {
  if (typeof value === "string") return hidden ? mask(value) : maskUrl(value);
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, hidden));
  if (!isData(value)) return hidden && typeof value === "number" ? "..." : value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const isSecret = secretName.test(name) || secretSections.has(name) || (hidden && !openFields.has(name));
      return [name, maskSecrets(item, isSecret)];
    }),
  );
};
