import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { isSystemError } from "@muxi/formation";

/**
 * What ids and start times count from: the machine's boot and, in a container, the container's. After either, a
 * number that was written down names somebody else.
 */
const epoch = ((): string => {
  if (process.platform !== "linux") return "";
  // A sandbox may hide either.
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
    // `pid (name) state ...`: the name itself may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended. In a container, whose first process inherits it, its exit code may never be collected.
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
 * When a process started, in the system's own words, or undefined when it has ended. Together with its id it names
 * one process for good: ids alone are given out again.
 */
export const startTimeOf = (pid: number): string | undefined =>
  process.platform === "linux" ? linuxStartTime(pid) : otherStartTime(pid);

/** Whether a process runs: a zombie does not. */
export const isAlive = (pid: number): boolean => {
  if (process.platform === "linux") return linuxStartTime(pid) !== undefined;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, "EPERM"); // It belongs to another user.
  }
};

/** A process that outlives the one who wrote it down. */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

/** The process id on the first line, its start on the second. */
export const formatIdentity = ({ pid, startTime }: ProcessIdentity): string => `${pid}\n${startTime}\n`;

export const parseIdentity = (text: string): ProcessIdentity | undefined => {
  const [first = "", startTime = ""] = text.split("\n");
  const pid = Number(first);
  return Number.isInteger(pid) && pid > 1 && startTime !== "" ? { pid, startTime } : undefined;
};

/** Whether its id could still be its own: nobody else has got it in another life of the machine. */
export const isOfThisEpoch = ({ startTime }: ProcessIdentity): boolean => startTime.startsWith(epoch);

export const isStillRunning = ({ pid, startTime }: ProcessIdentity): boolean =>
  startTimeOf(pid) === startTime;
