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

export const unavailable = (file: string, reason: string, cause?: unknown) =>
  new StorageUnavailableError(
    `the database ${file} cannot be used, ${reason}: check the disk, and who may write in its folder`,
    { cause },
  );

/** Translates errors of SQLite with a cause outside the database; returns others unchanged. */
export const explained = (error: unknown, file: string): unknown => {
  if (!(error instanceof Error && "errcode" in error)) return error;
  const reason = externalCauses.get(Number(error.errcode) & 0xff);
  return reason === undefined ? error : unavailable(file, reason, error);
};
