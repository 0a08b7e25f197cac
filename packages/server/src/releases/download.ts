import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { type ZipEntry, zipLimits } from "../bundles/index.ts";
import { layoutFor, type Releases, requireDeployment } from "./releases.ts";

const isHidden = (path: string): boolean =>
  path.split(sep).some((part) => part.startsWith(".") && part !== ".env");

/**
 * What `GET .../download` sends of a formation: its files without the hidden ones, so that its key stays here, and
 * without what the runtime owns (docs/spec/server-api.md "Download").
 *
 * @param copyTo Where a copy of the database is made, as it is at this moment; undefined leaves it out.
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
      // Not at the top: some versions of Node warn as soon as it is loaded.
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(target, { readOnly: true });
      try {
        // Complete, whatever the formation is just writing.
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
