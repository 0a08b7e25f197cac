import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isMissing } from "./base/index.ts";
import type { Formation } from "./formation.ts";
import type { LoadContext } from "./load-context.ts";
import type { Manifest } from "./schema/manifest.ts";
import { findingAt, type Place } from "./validate.ts";

/** Where a formation keeps its data. */
export type FormationDatabase =
  /** `file`: absolute. */
  { engine: "sqlite"; file: string } | { engine: "postgres"; connectionString: string };

/** The database of a formation (docs/spec/formation-files.md "Manifest: memory"): `memory.db` in its folder unless it names another. */
export const databaseOf = ({ dir, manifest }: Pick<Formation, "dir" | "manifest">): FormationDatabase => {
  const { connection_string: connection } = manifest.memory.persistent;
  if (connection === undefined) return { engine: "sqlite", file: join(dir, "memory.db") };
  if (/^postgres(ql)?:/.test(connection)) return { engine: "postgres", connectionString: connection };
  // Three slashes end the empty host: a fourth one begins an absolute path.
  return { engine: "sqlite", file: resolve(dir, connection.replace(/^sqlite:(\/\/\/?)?/, "")) };
};

const isFile = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/**
 * `sqlite:///data/memory.db` was once read as an absolute path: where a database stands there and none in the folder,
 * the author must say which is meant (docs/spec/formation-files.md "Manifest: memory").
 */
export const checkDatabase = async (
  { dir, report }: LoadContext,
  manifest: Manifest,
  place: Place,
): Promise<void> => {
  const database = databaseOf({ dir, manifest });
  const former = /^sqlite:\/\/(\/[^/].*)$/.exec(manifest.memory.persistent.connection_string ?? "")?.[1];
  if (former === undefined || database.engine !== "sqlite") return;
  if ((await isFile(database.file)) || !(await isFile(former))) return;
  const message = `means ${database.file}, which does not exist, but there is a database at ${former}`;
  const hint = `Write sqlite:///${former} for that one, or move it to ${database.file}`;
  report.errors.push(findingAt(place, ["memory", "persistent", "connection_string"], message, hint));
};
