import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { type Finding, findManifest, readSource } from "./base/index.ts";

const maxParents = 5;

/**
 * Finds the formation folder that contains `from`: that folder, or one of the five above it. The search ends at the
 * home folder and at the root (docs/spec/cli.md "Files of a formation").
 */
export const findFormationDir = async (
  from: string,
  { home = homedir() }: { home?: string } = {},
): Promise<string | undefined> => {
  let dir = resolve(from);
  for (let step = 0; step <= maxParents; step++) {
    if ((await findManifest(dir)) !== undefined) return dir;
    const parent = dirname(dir);
    if (dir === home || parent === dir) return undefined;
    dir = parent;
  }
  return undefined;
};

/** Id and version of a manifest that was read without being checked. Missing fields are undefined. */
export interface ManifestSummary {
  id: string | undefined;
  version: string | undefined;
  /** What is odd about the file, such as a key that it has twice. */
  warnings: readonly Finding[];
}

/** Id and version of a formation, even of one with errors. Undefined when its manifest cannot be read. */
export const summarizeManifest = async (dir: string): Promise<ManifestSummary | undefined> => {
  const file = await findManifest(dir);
  const read = file === undefined ? undefined : await readSource(dir, file);
  if (!read || "problem" in read) return undefined;
  const { warnings } = read.source;
  const { id, version } = read.source.data;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return { id: text(id), version: typeof version === "number" ? String(version) : text(version), warnings };
};
