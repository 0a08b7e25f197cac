import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import type { ZipEntry } from "../bundles/index.ts";
import { layoutFor, type Releases, requireDeployment } from "./releases.ts";

const isHidden = (path: string): boolean =>
  path.split(sep).some((part) => part === "node_modules" || (part.startsWith(".") && part !== ".env"));

/**
 * The files that `GET .../download` sends: all but hidden ones, so that the key of the secrets stays here, packages, and
 * the runtime's data (docs/spec/server-api.md "Download").
 *
 * @param copyTo Where to make a snapshot of the database; undefined leaves it out.
 * @throws Failure 404
 */
export const downloadOf = async (
  releases: Releases,
  id: string,
  copyTo: string | undefined,
): Promise<ZipEntry[]> => {
  requireDeployment(releases, id);
  const current = await ifThere(realpath(layoutFor(releases, id).current));
  if (current === undefined) throw new Failure(404, "NotFound", "Formation files not found");
  const found = await readdir(current, { recursive: true, withFileTypes: true });
  const entries: ZipEntry[] = [];
  const add = async (name: string, file: string) => {
    const { mtime, mode } = await stat(file);
    entries.push({ name, file, mtime, mode });
  };
  for (const entry of found) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(current, file);
    if (isHidden(path)) continue;
    const name = path.split(sep).join("/");
    if (entry.isFile()) await add(name, file);
    else if (entry.isSymbolicLink() && copyTo !== undefined) {
      const target = await ifThere(realpath(file));
      // The other link is the folder of artifacts. A database that nothing was written to is not there yet.
      if (target === undefined || !(await stat(target)).isFile()) continue;
      // Not a static import: some versions of Node print a warning as soon as it is loaded.
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(target, { readOnly: true });
      try {
        // A consistent snapshot, even while the formation writes.
        database.prepare("vacuum into ?").run(copyTo);
      } finally {
        database.close();
      }
      await add(name, copyTo);
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
};
