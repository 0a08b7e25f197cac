import { readFile } from "node:fs/promises";
import { isSystemError } from "@muxi/formation";

/** Resident memory of a process, in bytes. Undefined if it has ended, and on systems without `/proc`. */
export const memoryOf = async (pid: number): Promise<number | undefined> => {
  if (process.platform !== "linux") return undefined;
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "latin1"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
};
