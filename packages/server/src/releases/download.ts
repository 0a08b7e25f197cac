import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { type ZipEntry, zipLimits } from "../bundles/index.ts";
import { layoutFor, type Releases, requireDeployment } from "./releases.ts";

const isHidden = (path: string): boolean =>
  path.split(sep).some((part) => part.startsWith(".") && part !== ".env");

/**
 * The files that `GET .../download` sends: all but hidden ones, so that the key of the secrets stays here, and the
 * runtime's data (docs/spec/server-api.md "Download").
 *
 * @param copyTo Where to make a snapshot of the database; undefined leaves it out.
 * @throws Failure 404, 413
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
  for (const entry of found) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(current, file);
    if (isHidden(path)) continue;
    const name = path.split(sep).join("/");
    if (entry.isFile()) entries.push({ name, file });
    else if (entry.isSymbolicLink() && entry.name.endsWith(".db") && copyTo !== undefined) {
      const target = await ifThere(realpath(file));
      if (target === undefined) continue;
      // Not a static import: some versions of Node print a warning as soon as it is loaded.
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(target, { readOnly: true });
      try {
        // A consistent snapshot, even while the formation writes.
        database.prepare("vacuum into ?").run(copyTo);
      } finally {
        database.close();
      }
      entries.push({ name, file: copyTo });
    }
  }
  const sizes = await Promise.all(entries.map(async ({ file }) => (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > zipLimits.bytes || entries.length > zipLimits.entries) {
    throw new Failure(413, "PayloadTooLarge", `Formation '${id}' is too large for a zip archive`);
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
};
