import { join, resolve } from "node:path";
import type { Formation } from "./formation.ts";

/** Where a formation keeps its data. */
export type FormationDatabase =
  /** `file`: absolute. */
  { engine: "sqlite"; file: string } | { engine: "postgres"; connectionString: string };

/** The database of a formation (docs/spec/formation-files.md "Manifest: memory"): `memory.db` in its folder unless it names another. */
export const databaseOf = ({ dir, manifest }: Pick<Formation, "dir" | "manifest">): FormationDatabase => {
  const { connection_string: connection } = manifest.memory.persistent;
  if (connection === undefined) return { engine: "sqlite", file: join(dir, "memory.db") };
  if (/^postgres(ql)?:/.test(connection)) return { engine: "postgres", connectionString: connection };
  return { engine: "sqlite", file: resolve(dir, connection.replace(/^sqlite:(\/\/)?/, "")) };
};
