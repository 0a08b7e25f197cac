import { readFile } from "node:fs/promises";
import { isSystemError } from "@muxi/formation";

/** Of a second; the same for programs on every Linux. */
const ticks = 100;

/** Seconds of processors that a process has used. Undefined if it has ended, and on systems without `/proc`. */
export const processorSecondsOf = async (pid: number): Promise<number | undefined> => {
  if (process.platform !== "linux") return undefined;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // `pid (name) state ...`, where the name may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
};
