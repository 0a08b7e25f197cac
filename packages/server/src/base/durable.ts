import { open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, writeAtomically } from "@muxi/formation";

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

/** Makes all that a folder holds survive a power cut, itself included. Links count as entries of their folder. */
export const syncTree = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await syncFolder(path);
    if (!entry.isFile()) continue;
    const handle = await open(path);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await syncFolder(folder);
};

const unfinished = /\.[0-9a-f]{12}\.tmp$/;

/** Removes what a process that was killed in `writeDurably` left beside its files. */
export const removeUnfinished = async (folder: string): Promise<void> => {
  const names = (await ifThere(readdir(folder))) ?? [];
  await Promise.all(
    names.filter((name) => unfinished.test(name)).map((name) => rm(join(folder, name), { force: true })),
  );
};

/** Replaces a file as a whole. Once the promise resolves, the new content survives a crash and a power cut. */
export const writeDurably = async (file: string, text: string, mode = 0o600): Promise<void> => {
  await writeAtomically(file, text, mode);
  await syncFolder(dirname(file));
};
