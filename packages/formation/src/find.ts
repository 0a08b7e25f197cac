import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { findManifest } from "./locate.ts";

const maxParents = 5;

/**
 * The formation folder that `from` is in: itself, or up to five folders above it. The search ends at the home
 * folder and at the root (contract/cli.md 2.2).
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
