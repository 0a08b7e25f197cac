import type { Path, Report, SourceFile } from "./base/index.ts";
import { interpolate, type Lookup } from "./interpolate.ts";
import { findSecretName } from "./secrets/index.ts";
import { findingAt } from "./validate.ts";

/** What the steps of one load share. */
export interface LoadContext {
  /** Absolute path of the formation folder. */
  dir: string;
  lookup: Lookup;
  /** Whether the id must be one that a server accepts. */
  forServer: boolean;
  report: Report;
  usedSecrets: Set<string>;
  usedVariables: Set<string>;
  /** Places of `${{ user.credentials.NAME }}`. */
  userCredentials: { source: SourceFile; path: Path }[];
}

const isOfServer = (source: SourceFile, path: Path): boolean =>
  /^mcps?\//.test(source.file) || path.includes("servers") || path.includes("mcp_servers");

/**
 * Fills in every reference of a file. A missing secret or variable is an error, whether or not the file is listed
 * (docs/spec/formation-files.md "Filling in references").
 */
export const fillInReferences = (loading: LoadContext, source: SourceFile): SourceFile => {
  const place = { source, base: [] };
  const { value, usedSecrets, usedVariables, userCredentials, problems, odd } = interpolate(
    source.data,
    loading.lookup,
  );
  for (const name of usedSecrets) loading.usedSecrets.add(name);
  for (const name of usedVariables) loading.usedVariables.add(name);
  for (const { path, message, hint } of problems) {
    loading.report.errors.push(findingAt(place, path, message, hint));
  }
  for (const { path, message, hint } of odd) {
    loading.report.warnings.push(findingAt(place, path, message, hint));
  }
  for (const { name, path } of userCredentials) {
    loading.userCredentials.push({ source, path });
    const needed = `USER_CREDENTIALS_${name.toUpperCase()}`;
    // There is no user yet when the server's tools are listed (docs/spec/formation-files.md "User credentials").
    if (isOfServer(source, path) && findSecretName(loading.lookup.secrets.names(), needed) === undefined) {
      const message = `also needs the secret ${needed}, with which the server's tools are listed at start`;
      loading.report.errors.push(findingAt(place, path, message, `Run: muxi secrets set ${needed}`));
    }
  }
  return { ...source, data: value };
};
