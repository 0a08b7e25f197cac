import { isObject } from "@muxi/protocol";
import type { Environment, Mapping, Path } from "./base/index.ts";
import { componentPlaceholders, oddPlaceholders } from "./placeholders.ts";
import { findSecretName, type Secrets } from "./secrets/index.ts";

export interface Lookup {
  secrets: Secrets;
  /** Undefined when `${{ env.NAME }}` is off. */
  env: Environment | undefined;
}

export interface Interpolated {
  value: Mapping;
  /** Stored names of the secrets that were filled in. */
  usedSecrets: string[];
  /** Names of the variables that are referred to. */
  usedVariables: string[];
  /** Places of `${{ user.credentials.NAME }}`, which is filled in for each request of a user. */
  userCredentials: { name: string; path: Path }[];
  /** References that cannot be resolved; they stay as written. */
  problems: { path: Path; message: string; hint?: string }[];
  /** Placeholders that are no references, and stay as written too. */
  odd: { path: Path; message: string; hint: string }[];
}

/** Findings of one file about placeholders. */
const mostOdd = 50;

// Without braces inside, so that the search is linear on any text.
const reference = /\$\{\{([^{}]*)\}\}/g;

/**
 * Replaces every `${{ … }}` in text values, at any depth (docs/spec/formation-files.md "Filling in references"). Keys
 * are not touched, and what was inserted is not searched again.
 */
export const interpolate = (data: Mapping, lookup: Lookup): Interpolated => {
  const usedSecrets = new Set<string>();
  const usedVariables = new Set<string>();
  const userCredentials: Interpolated["userCredentials"] = [];
  const problems: Interpolated["problems"] = [];
  const odd: Interpolated["odd"] = [];

  const secret = (name: string, path: Path): string | undefined => {
    const stored = findSecretName(lookup.secrets.names(), name);
    if (stored !== undefined) {
      usedSecrets.add(stored);
      return lookup.secrets.get(stored);
    }
    const hint = `Run: muxi secrets set ${name}`;
    problems.push({ path, message: `refers to the secret ${name}, which is not set`, hint });
    return undefined;
  };

  const variable = (name: string, path: Path): string | undefined => {
    const value = lookup.env?.[name];
    usedVariables.add(name);
    if (lookup.env === undefined) {
      const message = `refers to the environment variable ${name}, which a deployed formation cannot read`;
      problems.push({ path, message, hint: `Use a secret instead: \${{ secrets.${name} }}` });
    } else if (value === undefined) {
      const message = `refers to the environment variable ${name}, which is not set`;
      problems.push({ path, message, hint: `Set it, or use a secret: \${{ secrets.${name} }}` });
    }
    return value;
  };

  const fill = (text: string, path: Path): string => {
    for (const { message, hint } of oddPlaceholders(text, componentPlaceholders)) {
      if (odd.length < mostOdd) odd.push({ path, message, hint });
    }
    return text.replace(reference, (written, inner: string) => {
      const [, source, name] = /^(secrets|env|user\.credentials)\.(.+)$/.exec(inner.trim()) ?? [];
      if (name === undefined) return written;
      if (source === "secrets") return secret(name, path) ?? written;
      if (source === "env") return variable(name, path) ?? written;
      userCredentials.push({ name, path });
      return written;
    });
  };

  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return fill(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    return isObject(value) ? walkData(value, path) : value;
  };

  const walkData = (value: Mapping, path: Path): Mapping =>
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));

  const value = walkData(data, []);
  return {
    value,
    usedSecrets: [...usedSecrets],
    usedVariables: [...usedVariables],
    userCredentials,
    problems,
    odd,
  };
};
