import { randomBytes } from "node:crypto";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export const isSystemError = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));

/** Undefined instead of an error for a file that is not there. */
export const ifThere = async <Value>(reading: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await reading;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
};

/** A renamed file is only found after a power cut when its folder, too, is on disk. */
export const syncFolder = async (folder: string): Promise<void> => {
  // Windows opens no folders; NTFS journals renames by itself.
  if (process.platform === "win32") return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Replaces a file as a whole. Once the promise resolves, the new content survives a crash and a power cut. */
export const writeDurably = async (file: string, text: string, mode = 0o600): Promise<void> => {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, text, { mode, flag: "wx", flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
};
