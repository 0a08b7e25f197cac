import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import type { ArchiveTask } from "../reader/index.ts";
import { type ZipEntry, zip } from "./zip.ts";

const isHidden = (path: string): boolean =>
  path.split(sep).some((part) => part === "node_modules" || (part.startsWith(".") && part !== ".env"));

/** A consistent copy of a database, even while the formation writes. */
export const copyDatabase = async (from: string, to: string): Promise<void> => {
  // Not a static import: some versions of Node print a warning as soon as it is loaded.
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(from, { readOnly: true });
  try {
    // The formation may be writing, or moving its log into the file.
    database.exec("pragma busy_timeout = 20000");
    database.prepare("vacuum into ?").run(to);
  } finally {
    database.close();
  }
};

/** All files but hidden ones, so that the key of the secrets stays here, packages, and the runtime's data. */
const entriesOf = async (folder: string, copyTo: string | undefined): Promise<ZipEntry[]> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const entries: ZipEntry[] = [];
  const add = async (name: string, file: string) => {
    const { mtime, mode } = await stat(file);
    entries.push({ name, file, mtime, mode });
  };
  for (const entry of found) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(folder, file);
    if (isHidden(path)) continue;
    const name = path.split(sep).join("/");
    if (entry.isFile()) await add(name, file);
    else if (entry.isSymbolicLink() && copyTo !== undefined) {
      const target = await ifThere(realpath(file));
      // The other link is the folder of artifacts. A database that nothing was written to is not there yet.
      if (target === undefined || !(await stat(target)).isFile()) continue;
      await copyDatabase(target, copyTo);
      await add(name, copyTo);
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** Where a link to a release leads, so that an update meanwhile does not lead it elsewhere. @throws Failure 404 */
export const releaseFolder = async (release: string): Promise<string> => {
  const folder = await ifThere(realpath(release));
  if (folder === undefined) throw new Failure(404, "NotFound", "Formation files not found");
  return folder;
};

/**
 * Writes the files of a release to standard output, as a zip (docs/spec/server-api.md "Download").
 *
 * @throws Failure 404
 */
export const archive = async ({ release, copyTo }: ArchiveTask): Promise<void> => {
  const entries = await entriesOf(await releaseFolder(release), copyTo);
  await pipeline(zip(entries), process.stdout);
};
