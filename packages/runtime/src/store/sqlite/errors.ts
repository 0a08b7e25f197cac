import { StorageUnavailableError } from "../database/index.ts";

export const locked = "another process keeps it locked";

/** Primary result codes with a cause outside the database: busy, read-only, I/O error, full, cannot open. */
const externalCauses: ReadonlyMap<number, string> = new Map([
  [5, locked],
  [8, "it or its folder is read-only"],
  [10, "reading or writing it failed"],
  [13, "the disk is full"],
  [14, "it cannot be opened"],
]);

/** The same for a file that is damaged: corrupt, not a database. */
const damages: ReadonlyMap<number, string> = new Map([
  [11, "it is damaged"],
  [26, "it is no SQLite database, or damaged"],
]);

export const unavailable = (file: string, reason: string, cause?: unknown) =>
  new StorageUnavailableError(
    `the database ${file} cannot be used, ${reason}: check the disk, and who may write in its folder`,
    { cause },
  );

const damaged = (file: string, damage: string, cause: unknown) =>
  new StorageUnavailableError(
    `the database ${file} cannot be used, ${damage}: stop the formation and restore the file from a backup, or move it and its -wal and -shm away to begin with an empty one`,
    { cause },
  );

const isOfSqlite = (error: unknown): error is Error & { errcode: unknown } =>
  error instanceof Error && "errcode" in error;

/** Translates errors of SQLite with a cause outside the statement; returns others unchanged. */
export const explained = (error: unknown, file: string): unknown => {
  if (!isOfSqlite(error)) return error;
  const code = Number(error.errcode) & 0xff;
  const damage = damages.get(code);
  if (damage !== undefined) return damaged(file, damage, error);
  const reason = externalCauses.get(code);
  return reason === undefined ? error : unavailable(file, reason, error);
};

/** The same once all migrations are applied: then a table that is missing means that an empty file was copied over this one. */
export const explainedInUse = (error: unknown, file: string): unknown =>
  isOfSqlite(error) && error.message.startsWith("no such table")
    ? damaged(file, "its tables are gone", error)
    : explained(error, file);
