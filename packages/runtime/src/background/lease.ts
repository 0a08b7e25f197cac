import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isSystemError } from "@muxi/formation";
import { newId } from "@muxi/protocol";

/**
 * Where process ids mean the same. A host's name alone does not say it: containers and cloned machines share names, and
 * not their processes.
 */
const findPlace = (): string => {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return hostname();
  }
};

/** When a process began, in ticks: its id may be another one's by now. Empty where the system does not tell. */
const beginOf = (pid: number): string => {
  try {
    // From field 3 on: the name in front of it is in brackets and may hold anything.
    const fields = /.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]?.split(" ") ?? [];
    // One that has ended stays listed until its parent asks for it.
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
};

const place = findPlace();

/** Names this process as the holder of leases: `<place>:<pid>:<begin>:<random>`. */
export const newLeaseOwner = (): string =>
  `${place}:${process.pid}:${beginOf(process.pid)}:${newId("event")}`;

/** Whether a holder was a process of this machine that is gone. Of other machines nobody knows: false. */
export const isGone = (leaseOwner: string): boolean => {
  const [, itsPlace, pid, begin] = /^(.*):(\d+):(\d*):[^:]*$/.exec(leaseOwner) ?? [];
  if (itsPlace !== place) return false;
  try {
    process.kill(Number(pid), 0);
    return begin !== "" && begin !== beginOf(Number(pid));
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return isSystemError(error, "ESRCH");
  }
};
