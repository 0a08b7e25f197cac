import { copyFile, rename, rm, stat, truncate } from "node:fs/promises";
import { ifThere } from "../base/durable.ts";

export interface Rotation {
  /** Size in bytes above which a file is rotated. */
  maxBytes: number;
  /** How many old files are kept, as `<file>.1` (the newest), `<file>.2` and so on. */
  maxFiles: number;
}

/**
 * Rotates a log that has grown too large. It is copied and truncated rather than renamed: the formation that writes
 * it keeps its descriptor, and appends at the new end.
 *
 * @returns Whether the file was rotated.
 */
export const rotate = async (file: string, { maxBytes, maxFiles }: Rotation): Promise<boolean> => {
  const size = (await ifThere(stat(file)))?.size ?? 0;
  if (size <= maxBytes) return false;
  await rm(`${file}.${maxFiles}`, { force: true });
  for (let n = maxFiles - 1; n >= 1; n -= 1) {
    await ifThere(rename(`${file}.${n}`, `${file}.${n + 1}`));
  }
  if (maxFiles > 0) await copyFile(file, `${file}.1`);
  await truncate(file);
  return true;
};
