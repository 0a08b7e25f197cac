/**
 * The form in which names of secrets are stored and compared: `my-api.key` is `MY_API_KEY`
 * (docs/spec/formation-files.md "Filling in references").
 */
export const normalizeSecretName = (name: string): string =>
  name
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, "_")
    .replace(/_+/g, "_")
    .replace(/^_|_$/g, "");

const withoutUnderscores = (name: string): string => name.replaceAll("_", "");

/**
 * Finds the stored name that a reference means. A reference in camel case may stand for a name with underscores, but
 * only when its plain form is not stored: `GitHubToken` means `GITHUBTOKEN`, else `GITHUB_TOKEN` or `GIT_HUB_TOKEN`.
 */
export const findSecretName = (names: readonly string[], reference: string): string | undefined => {
  const plain = normalizeSecretName(reference);
  if (names.includes(plain)) return plain;
  if (!/[a-z0-9][A-Z]/.test(reference)) return undefined;
  const letters = withoutUnderscores(plain);
  return names.find((name) => withoutUnderscores(name) === letters);
};
