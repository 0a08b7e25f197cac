import { cp, lstat, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { databaseOf, type Formation, resolveApiKeys } from "@muxi/formation";
import { ifThere } from "../base/durable.ts";
import { type Layout, sidecars } from "../base/layout.ts";
import type { TakenData } from "../reader/index.ts";

/**
 * Files that the runtime writes and that a new release gets a copy of (docs/spec/server-api.md "Data of a
 * formation").
 */
const copied = ["MUXI.md", "muxi.md", "PENDING-MUXI.md"];
const keysFile = ".keys.json";
const artifacts = "artifacts";
/** Also of a formation that has its database elsewhere. */
const defaultDatabase = "memory.db";

/** The SQLite file of a formation, relative to its folder; undefined if it has none, or has it elsewhere. */
export const databaseFileIn = (formation: Formation): string | undefined => {
  const database = databaseOf(formation);
  if (database.engine !== "sqlite") return undefined;
  const file = relative(formation.dir, database.file);
  return file.startsWith("..") || file.startsWith(sep) ? undefined : file;
};

const isThere = async (file: string): Promise<boolean> => (await ifThere(lstat(file))) !== undefined;

/**
 * Removes from the folder of a new release what is a running formation's own and is not to be taken along: its generated
 * keys and its database (docs/spec/server-api.md "Data of a formation").
 *
 * @returns What was there, relative to the folder.
 */
export const removeOwnData = async (formation: Formation, takes: TakenData): Promise<string[]> => {
  if (takes === "all") return [];
  const databases = takes === "database" ? [] : [...new Set([defaultDatabase, databaseFileIn(formation)])];
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

export interface SharingOptions {
  /** Number of the release. */
  version: number;
  /** Number of the release in service. */
  predecessor: number | undefined;
  takes: TakenData;
}

/** What a link leads to, as a whole path; undefined when it is not there. */
const targetOf = async (path: string): Promise<string | undefined> => {
  const target = await ifThere(readlink(path));
  return target === undefined ? undefined : resolve(dirname(path), target);
};

/**
 * Moves the runtime's data to the folder that all releases share, and links it into a new release. Two processes can
 * safely use one SQLite file as long as they open it under the same name, and so use the same write-ahead log: while
 * an update drains, the old release and the new one write to the same database, and nothing is copied or lost.
 *
 * What an update brings along belongs to the new release alone: the old release still uses what is shared, and finds it
 * unchanged after a rollback.
 *
 * @returns The folder of the data.
 */
export const shareData = async (
  layout: Layout,
  formation: Formation,
  { version, predecessor, takes }: SharingOptions,
): Promise<string> => {
  const { dir } = formation;
  const before = async (name: string): Promise<string | undefined> =>
    predecessor === undefined ? undefined : targetOf(join(layout.release(predecessor), name));
  const inherited = await before(artifacts);
  const data =
    takes === "all" ? layout.ownData(version) : inherited === undefined ? layout.data : dirname(inherited);
  if (takes === "all") await rm(data, { recursive: true, force: true });
  await mkdir(join(data, artifacts), { recursive: true, mode: 0o700 });

  const keys = join(data, keysFile);
  if (takes === "all") await ifThere(rename(join(dir, keysFile), keys));
  if (!(await isThere(keys))) {
    const made = await resolveApiKeys(formation);
    if (made.generated) await rename(join(dir, keysFile), keys);
  }
  if (await isThere(keys)) await link(join(dir, keysFile), keys);

  if (await isThere(join(dir, artifacts))) {
    await cp(join(dir, artifacts), join(data, artifacts), { recursive: true, force: false });
  }
  await link(join(dir, artifacts), join(data, artifacts));

  const database = databaseFileIn(formation);
  if (database !== undefined) {
    const file = join(dir, database);
    const usual = join(data, database.replaceAll(sep, "-"));
    let target = takes === "all" ? usual : ((await before(database)) ?? usual);
    if (await isThere(file)) {
      if (takes === "database") target = join(data, `memory-${version}.db`);
      for (const ending of ["", ...sidecars]) await rm(target + ending, { force: true });
      for (const ending of ["", "-wal"]) await ifThere(rename(file + ending, target + ending));
    }
    for (const ending of sidecars) await rm(file + ending, { force: true });
    await link(file, target);
  }

  if (predecessor === undefined || takes === "all") return data;
  for (const name of copied) {
    await ifThere(cp(join(layout.release(predecessor), name), join(dir, name), { dereference: true }));
  }
  return data;
};
