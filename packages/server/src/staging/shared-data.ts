import { cp, lstat, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { databaseOf, type Formation, resolveApiKeys } from "@muxi/formation";
import { ifThere } from "../base/durable.ts";
import type { Layout } from "../base/layout.ts";

/**
 * Files that the runtime writes and that a new release gets a copy of (docs/spec/server-api.md "Data of a
 * formation").
 */
const copied = ["MUXI.md", "muxi.md", "PENDING-MUXI.md"];
const keysFile = ".keys.json";
const artifacts = "artifacts";
/** Also of a formation that has its database elsewhere. */
const defaultDatabase = "memory.db";
/** Suffixes of the files that SQLite keeps beside a database. */
const sidecars = ["-wal", "-shm", "-journal"];

/** The SQLite file of a formation, relative to its folder; undefined if it has none, or has it elsewhere. */
export const databaseFileIn = (formation: Formation): string | undefined => {
  const database = databaseOf(formation);
  if (database.engine !== "sqlite") return undefined;
  const file = relative(formation.dir, database.file);
  return file.startsWith("..") || file.startsWith(sep) ? undefined : file;
};

const isThere = async (file: string): Promise<boolean> => (await ifThere(lstat(file))) !== undefined;

/**
 * Removes from the folder of a new release what is a running formation's own: its generated keys and, unless it is to be
 * taken along, its database (docs/spec/server-api.md "Data of a formation").
 *
 * @returns What was there, relative to the folder.
 */
export const removeOwnData = async (
  formation: Formation,
  { takesDatabase }: { takesDatabase: boolean },
): Promise<string[]> => {
  const databases = takesDatabase ? [] : [...new Set([defaultDatabase, databaseFileIn(formation)])];
  const files = databases.flatMap((file) =>
    file === undefined ? [] : ["", ...sidecars].map((ending) => file + ending),
  );
  const found: string[] = [];
  for (const name of [keysFile, ...files]) {
    const file = join(formation.dir, name);
    if (!(await isThere(file))) continue;
    await rm(file, { recursive: true });
    found.push(name.replaceAll(sep, "/"));
  }
  return found;
};

const link = async (from: string, to: string): Promise<void> => {
  await rm(from, { recursive: true, force: true });
  await mkdir(dirname(from), { recursive: true });
  await symlink(relative(dirname(from), to), from);
};

/**
 * Moves the runtime's data to the folder that all releases share, and links it into a new release. Two processes can
 * safely use one SQLite file as long as they open it under the same name, and so use the same write-ahead log: while
 * an update drains, the old release and the new one write to the same database, and nothing is copied or lost.
 *
 * A database in the bundle of an update belongs to the new release alone: the old release still uses the shared one,
 * and finds it unchanged after a rollback.
 *
 * @param predecessor Number of the release in service.
 */
export const shareData = async (
  layout: Layout,
  formation: Formation,
  { version, predecessor }: { version: number; predecessor: number | undefined },
): Promise<void> => {
  const { dir } = formation;
  await mkdir(join(layout.data, artifacts), { recursive: true, mode: 0o700 });

  const keys = join(layout.data, keysFile);
  if (!(await isThere(keys))) {
    const made = await resolveApiKeys(formation);
    if (made.generated) await rename(join(dir, keysFile), keys);
  }
  if (await isThere(keys)) await link(join(dir, keysFile), keys);

  if (await isThere(join(dir, artifacts))) {
    await cp(join(dir, artifacts), join(layout.data, artifacts), { recursive: true, force: false });
  }
  await link(join(dir, artifacts), join(layout.data, artifacts));

  const database = databaseFileIn(formation);
  if (database !== undefined) {
    const file = join(dir, database);
    const old = predecessor === undefined ? undefined : join(layout.release(predecessor), database);
    const oldTarget = old && (await ifThere(readlink(old)));
    let target =
      old && oldTarget ? resolve(dirname(old), oldTarget) : join(layout.data, database.replaceAll(sep, "-"));
    if (await isThere(file)) {
      target = join(layout.data, `memory-${version}.db`);
      for (const ending of ["", ...sidecars]) await rm(target + ending, { force: true });
      for (const ending of ["", "-wal"]) await ifThere(rename(file + ending, target + ending));
    }
    for (const ending of sidecars) await rm(file + ending, { force: true });
    await link(file, target);
  }

  if (predecessor === undefined) return;
  for (const name of copied) {
    await ifThere(cp(join(layout.release(predecessor), name), join(dir, name), { dereference: true }));
  }
};
