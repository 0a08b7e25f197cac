import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isSystemError } from "@muxi/formation";
import { newId } from "@muxi/protocol";

/**
 * Identifies the space of process ids. The host name does not: containers and cloned machines may share a name, but not
 * their processes.
 */
const findPlace = (): string => {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return hostname();
  }
};

/** When a process began, in clock ticks, since ids are reused. Empty where the system does not say. */
const beginOf = (pid: number): string => {
  try {
    // From field 3 on: the name before it is in brackets and may contain anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended, but is listed until its parent waits for it.
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
};

const place = findPlace();

/** An identifier of this process as the holder of leases: `<place>:<pid>:<begin>:<random>`. */
export const newLeaseOwner = (): string =>
  `${place}:${process.pid}:${beginOf(process.pid)}:${newId("event")}`;

/**
 * Whether a lease owner was a process of this machine that no longer runs. False for other machines, where we cannot
 * tell.
 */
export const isGone = (leaseOwner: string): boolean => {
  const [, itsPlace, pid, begin] = /^(.*):(\d+):(\d*):[^:]*$/.exec(leaseOwner) ?? [];
  if (itsPlace !== place) return false;
  try {
    process.kill(Number(pid), 0);
    return begin !== "" && begin !== beginOf(Number(pid));
  } catch (error) {
    // EPERM: it runs, as another user.
    return isSystemError(error, "ESRCH");
  }
};
