/** `my-api.key` as `MY_API_KEY`: the form in which secrets are stored and compared (contract/formation.md 5.2). */
export const normalizeSecretName = (name: string): string =>
  name
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, "_")
    .replace(/_+/g, "_")
    .replace(/^_|_$/g, "");

const withoutUnderscores = (name: string): string => name.replaceAll("_", "");

/**
 * The stored name that a reference means, if it is among `names`. A reference in camel case is split only when
 * its plain form is not stored: `GitHubToken` means `GITHUBTOKEN`, else `GITHUB_TOKEN` or `GIT_HUB_TOKEN`.
 */
export const findSecretName = (names: readonly string[], reference: string): string | undefined => {
  const plain = normalizeSecretName(reference);
  if (names.includes(plain)) return plain;
  if (!/[a-z0-9][A-Z]/.test(reference)) return undefined;
  const letters = withoutUnderscores(plain);
  return names.find((name) => withoutUnderscores(name) === letters);
};
