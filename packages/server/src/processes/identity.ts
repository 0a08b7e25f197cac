import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { isSystemError } from "@muxi/formation";

/**
 * What process ids and start times are relative to: the boot of the machine, and the start of the container. After a
 * new one, recorded numbers may belong to other processes.
 */
const epoch = ((): string => {
  if (process.platform !== "linux") return "";
  // A sandbox may hide both.
  const orNothing = (read: () => string): string => {
    try {
      return read().trim();
    } catch (error) {
      if (isSystemError(error, "ENOENT", "EACCES", "EPERM", "EINVAL")) return "";
      throw error;
    }
  };
  const boot = orNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"));
  const container = orNothing(() => readlinkSync("/proc/self/ns/pid"));
  return `${boot} ${container} `;
})();

const linuxStartTime = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // `pid (name) state ...`, where the name may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended, but nobody has collected its exit code. In a container, nobody may ever do so.
    return fields[0] === "Z" ? undefined : `${epoch}${fields[19]}`;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
};

const otherStartTime = (pid: number): string | undefined => {
  try {
    const shown = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
    return shown.trim() || undefined;
  } catch {
    return undefined; // `ps` fails when there is no such process.
  }
};

/**
 * When a process started, as the system puts it; undefined if it has ended. Id and start time together identify a
 * process for good: ids alone are reused.
 */
export const startTimeOf = (pid: number): string | undefined =>
  process.platform === "linux" ? linuxStartTime(pid) : otherStartTime(pid);

/** Whether a process is running. A zombie is not. */
export const isAlive = (pid: number): boolean => {
  if (process.platform === "linux") return linuxStartTime(pid) !== undefined;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, "EPERM"); // It belongs to another user.
  }
};

/** Identifies a process for a reader that may come much later. */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

/** The process id on the first line, the start time on the second. */
export const formatIdentity = ({ pid, startTime }: ProcessIdentity): string => `${pid}\n${startTime}\n`;

export const parseIdentity = (text: string): ProcessIdentity | undefined => {
  const [first = "", startTime = ""] = text.split("\n");
  const pid = Number(first);
  return Number.isInteger(pid) && pid > 1 && startTime !== "" ? { pid, startTime } : undefined;
};

/** Whether it was recorded since the last boot, so that its id can still be its own. */
export const isOfThisEpoch = ({ startTime }: ProcessIdentity): boolean => startTime.startsWith(epoch);

export const isStillRunning = ({ pid, startTime }: ProcessIdentity): boolean =>
  startTimeOf(pid) === startTime;
