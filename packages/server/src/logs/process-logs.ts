import { closeSync, mkdirSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** A formation's output, one pair of files (contract/server-api.md 19). */
export interface ProcessLogFiles {
  out: string;
  err: string;
}

export const processLogFiles = (directory: string, name: string): ProcessLogFiles => ({
  out: join(directory, `${name}-out.log`),
  err: join(directory, `${name}-err.log`),
});

/** Opens both files, hands their descriptors to `use` and closes ours: the child keeps its own. */
export const withProcessLogs = <Result>(
  directory: string,
  files: ProcessLogFiles,
  { truncate }: { truncate: boolean },
  use: (descriptors: { out: number; err: number }) => Result,
): Result => {
  mkdirSync(directory, { recursive: true });
  const openLog = (file: string): number => {
    if (truncate) closeSync(openSync(file, "w", 0o600));
    return openSync(file, "a", 0o600); // Append: output of two processes never overwrites one another.
  };
  const out = openLog(files.out);
  try {
    const err = openLog(files.err);
    try {
      return use({ out, err });
    } finally {
      closeSync(err);
    }
  } finally {
    closeSync(out);
  }
};

const tailBytes = 64 * 1024;

/** The last lines of a file, read from its end. Empty when there is no file. */
export const tailLines = async (file: string, count: number): Promise<string[]> => {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(size - start),
      position: start,
    });
    const lines = buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n");
    return lines.filter((line) => line.trim() !== "").slice(-count);
  } finally {
    await handle.close();
  }
};
