import { statfs } from "node:fs/promises";
import { isSystemError } from "@muxi/formation";
import { Failure } from "./failure.ts";

/** What the server keeps may be on a disk of its own, or have a quota. */
const causes: readonly [reason: string, codes: readonly string[]][] = [
  ["is full", ["ENOSPC", "EDQUOT"]],
  ["is read-only", ["EROFS"]],
  ["cannot be read or written", ["EIO"]],
];

/** SQLite's own code, which snapshots of databases fail with. */
const sqliteFull = 13;

const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof Error && "errcode" in error && error.errcode === sqliteFull) return "is full";
  return causes.find(([, codes]) => isSystemError(error, ...codes))?.[0];
};

const remedy = "Make room there, or delete formations, drafts and logs that nobody needs, and try again.";

/** That the disk refuses more. */
export const diskFailure = (reason = "is full", options?: ErrorOptions): Failure =>
  new Failure(507, "DiskError", `The disk of the server ${reason}. ${remedy}`, options);

/**
 * What a caller may be told of an error: a failure as it is, and that the disk is full or fails
 * (docs/spec/server-api.md "Failure types"). Undefined for errors of the server itself.
 */
export const asFailure = (error: unknown): Failure | undefined => {
  if (error instanceof Failure) return error;
  const reason = reasonOf(error);
  return reason === undefined ? undefined : diskFailure(reason, { cause: error });
};

/** Less than a line of a log needs. */
const leastBytes = 4096;

/** Whether nothing more can be written in a folder. */
export const isDiskFull = async (folder: string): Promise<boolean> => {
  const { bavail, bsize, ffree, files } = await statfs(folder);
  // Some file systems count no files at all.
  return bavail * bsize < leastBytes || (files > 0 && ffree === 0);
};
