import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { databaseOf, type Formation } from "@muxi/formation";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { checkFormation } from "../bundles/index.ts";
import type { BackupTask } from "../reader/index.ts";
import { copyDatabase, releaseFolder } from "./archive.ts";
import { dumpRows, rowsFile } from "./rows.ts";
import { databaseFileIn } from "./shared-data.ts";
import { type ZipEntry, zip } from "./zip.ts";

/** Installed anew by `npm ci`; kept by git itself; of another backup. */
const leftOut: ReadonlySet<string> = new Set(["node_modules", ".git", rowsFile]);
const sidecars = /-(wal|shm|journal)$/;

export interface WholeFolder {
  formation: Formation;
  /** Folder that links may lead to, besides the formation's own: the data that releases share. */
  data?: string | undefined;
  /** Where to make a snapshot of the database. */
  copyTo: string;
}

/** Makes a snapshot of the database. Returns the name that it has in the backup; undefined when there is none yet. */
const copyData = async (formation: Formation, root: string, copyTo: string): Promise<string | undefined> => {
  const place = databaseOf(formation);
  if (place.engine === "postgres") {
    await dumpRows(formation.dir, copyTo);
    return rowsFile;
  }
  const name = databaseFileIn(formation);
  if (name === undefined) {
    const message = `Formation '${formation.id}' cannot be backed up as a whole, because its database is ${place.file}, outside of its folder: copy it with sqlite3 and its command .backup, and its files with muxi download or a copy of its folder`;
    throw new Failure(400, "InvalidAction", message);
  }
  // A database that nothing was written to is not there yet.
  const file = await ifThere(realpath(join(root, name)));
  if (file === undefined) return undefined;
  await copyDatabase(file, copyTo);
  return name;
};

/**
 * A zip of everything that a formation is: files, secrets with their key, API keys, artifacts, and the database as it is at
 * this moment, also while the formation writes. What links lead to is a file like any other; those that lead elsewhere are left out.
 *
 * @throws Failure 400 when the database is elsewhere, or cannot be read.
 */
export const wholeArchive = async ({ formation, data, copyTo }: WholeFolder): Promise<Readable> => {
  const root = await realpath(formation.dir);
  const roots = [root, ...(data === undefined ? [] : [await realpath(data)])];
  const database = databaseFileIn(formation);
  const copied = await copyData(formation, root, copyTo);
  const entries: ZipEntry[] = [];

  const add = async (name: string, file: string) => {
    const { mtime, mode } = await stat(file);
    entries.push({ name: name.split(sep).join("/"), file, mtime, mode });
  };
  /** @param ancestors Real paths of the folders above: a link to one of them would never end. */
  const visit = async (entry: Dirent, folder: string, ancestors: readonly string[]): Promise<void> => {
    const path = join(folder, entry.name);
    if (leftOut.has(entry.name) || path.replace(sidecars, "") === database) return;
    const real = await ifThere(realpath(join(root, path)));
    if (real === undefined || ancestors.includes(real)) return;
    if (!roots.some((one) => real.startsWith(one + sep))) return;
    const stats = await stat(real);
    if (stats.isDirectory()) await walk(path, real, [...ancestors, real]);
    else if (stats.isFile()) await add(path, real);
  };
  const walk = async (folder: string, real: string, ancestors: readonly string[]): Promise<void> => {
    for (const entry of await readdir(real, { withFileTypes: true })) await visit(entry, folder, ancestors);
  };

  await walk("", root, [root]);
  if (copied !== undefined) await add(copied, copyTo);
  return zip(entries.sort((a, b) => (a.name < b.name ? -1 : 1)));
};

/**
 * Writes everything that a deployed formation is to standard output, as a zip (docs/spec/server-api.md "Backup").
 *
 * @throws Failure 404, or 400 when its database is elsewhere, or cannot be read.
 */
export const backUp = async ({ id, release, data, copyTo }: BackupTask): Promise<void> => {
  const folder = await releaseFolder(release);
  const { formation } = await checkFormation(folder, { id, version: undefined });
  await pipeline(await wholeArchive({ formation, data, copyTo }), process.stdout);
};
