import { spawn } from "node:child_process";
import { open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, writeAtomically } from "@muxi/formation";

/** Turns the error for a missing file into undefined. */
export const ifThere = async <Value>(reading: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await reading;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
};

/** Flushes a folder. A renamed file can only be found after a power cut if its folder is on disk, too. */
export const syncFolder = async (folder: string): Promise<void> => {
  // On Windows folders cannot be opened; NTFS journals renames.
  if (process.platform === "win32") return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Above this many files it takes less time to flush the whole file system. */
const manyFiles = 200;

/** Flushes the file system that a folder is on. False where that is not possible. */
const syncFileSystem = async (folder: string): Promise<boolean> => {
  if (process.platform !== "linux") return false;
  const child = spawn("sync", ["-f", folder], { stdio: "ignore" });
  return new Promise((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
};

/** Flushes a folder and everything in it, so that it survives a power cut. */
export const syncTree = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.length > manyFiles && (await syncFileSystem(folder))) return;
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

/** Removes the temporary files of processes that were killed during `writeDurably`. */
export const removeUnfinished = async (folder: string): Promise<void> => {
  const names = (await ifThere(readdir(folder))) ?? [];
  await Promise.all(
    names.filter((name) => unfinished.test(name)).map((name) => rm(join(folder, name), { force: true })),
  );
};

/** Replaces a file. When the promise has resolved, the new content survives a crash and a power cut. */
export const writeDurably = async (file: string, text: string, mode = 0o600): Promise<void> => {
  await writeAtomically(file, text, mode);
  await syncFolder(dirname(file));
};
