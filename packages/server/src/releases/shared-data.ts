import { cp, lstat, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { databaseOf, type Formation, resolveApiKeys } from "@muxi/formation";
import { ifThere } from "../base/durable.ts";
import type { Layout } from "./layout.ts";

/**
 * Files that the runtime writes and that a new release takes over as they are now (docs/spec/server-api.md
 * "Data of a formation").
 */
const copied = ["MUXI.md", "muxi.md", "PENDING-MUXI.md"];
const keysFile = ".keys.json";
const artifacts = "artifacts";
/** What SQLite keeps beside a database. */
const sidecars = ["-wal", "-shm", "-journal"];

/** The SQLite file of a formation, relative to its folder; undefined when it has none or keeps it elsewhere. */
const databaseFileIn = (formation: Formation): string | undefined => {
  const database = databaseOf(formation);
  if (database.engine !== "sqlite") return undefined;
  const file = relative(formation.dir, database.file);
  return file.startsWith("..") || file.startsWith(sep) ? undefined : file;
};

const isThere = async (file: string): Promise<boolean> => (await ifThere(lstat(file))) !== undefined;

const link = async (from: string, to: string): Promise<void> => {
  await rm(from, { recursive: true, force: true });
  await mkdir(dirname(from), { recursive: true });
  await symlink(relative(dirname(from), to), from);
};

/**
 * Puts what the runtime owns into the folder that all releases share, and links it into a new one. Two processes on
 * one SQLite file are well as long as it is one file under one name, so that both use the same log: while an update
 * drains, the old release and the new one write to the same database and nothing is copied or lost.
 *
 * A database that comes in the bundle of an update is its release's own, for the old release still uses the other,
 * and finds it as it was after a rollback.
 *
 * @param predecessor Number of the release that is in service.
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
