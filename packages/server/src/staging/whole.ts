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
import { databaseFileIn } from "./shared-data.ts";
import { type ZipEntry, zip } from "./zip.ts";

/** Installed anew by `npm ci`; kept by git itself. */
const leftOut: ReadonlySet<string> = new Set(["node_modules", ".git"]);
const sidecars = /-(wal|shm|journal)$/;

export interface WholeFolder {
  formation: Formation;
  /** Folder that links may lead to, besides the formation's own: the data that releases share. */
  data?: string | undefined;
  /** Where to make a snapshot of the database. */
  copyTo: string;
}

const elsewhere = (formation: Formation): Failure => {
  const place = databaseOf(formation);
  const remedy =
    place.engine === "postgres"
      ? "is in Postgres: copy it with pg_dump"
      : `is ${place.file}, outside of its folder: copy it with sqlite3 and its command .backup`;
  const message = `Formation '${formation.id}' cannot be backed up as a whole, because its database ${remedy}, and its files with muxi download or a copy of its folder`;
  return new Failure(400, "InvalidAction", message);
};

/**
 * A zip of everything that a formation is: files, secrets with their key, API keys, artifacts, and the database as it is at
 * this moment, also while the formation writes. What links lead to is a file like any other; those that lead elsewhere are left out.
 *
 * @throws Failure 400 when the database is elsewhere.
 */
export const wholeArchive = async ({ formation, data, copyTo }: WholeFolder): Promise<Readable> => {
  const root = await realpath(formation.dir);
  const roots = [root, ...(data === undefined ? [] : [await realpath(data)])];
  const database = databaseFileIn(formation);
  if (database === undefined) throw elsewhere(formation);
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
  const file = await ifThere(realpath(join(root, database)));
  // A database that nothing was written to is not there yet.
  if (file !== undefined) {
    await copyDatabase(file, copyTo);
    await add(database, copyTo);
  }
  return zip(entries.sort((a, b) => (a.name < b.name ? -1 : 1)));
};

/**
 * Writes everything that a deployed formation is to standard output, as a zip (docs/spec/server-api.md "Backup").
 *
 * @throws Failure 404, or 400 when its database is elsewhere.
 */
export const backUp = async ({ id, release, data, copyTo }: BackupTask): Promise<void> => {
  const folder = await releaseFolder(release);
  const { formation } = await checkFormation(folder, { id, version: undefined });
  await pipeline(await wholeArchive({ formation, data, copyTo }), process.stdout);
};
