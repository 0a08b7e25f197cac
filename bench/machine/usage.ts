import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second. */
const tickMs = 10;

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");

/** A file of /proc, or undefined when its process has ended meanwhile. */
const readProc = (path: string): string | undefined => {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

/** The fields of /proc/<pid>/stat from the state on: the name before them may hold blanks and parentheses. */
const statOf = (pid: number): string[] | undefined => {
  const text = readProc(`${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
};

/** A process and all its descendants. */
const family = (pid: number): number[] => {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const members = [pid];
  for (const member of members) members.push(...(children.get(member) ?? []));
  return members;
};

export interface Usage {
  /** Resident memory in MB. */
  memoryMb: number;
  /** Spent since the start, in milliseconds. */
  cpuMs: number;
}

/** What a process and its descendants use; `alone`, the process itself. */
export const usageOf = (pid: number, alone = false): Usage => {
  let kilobytes = 0;
  let ticks = 0;
  for (const member of alone ? [pid] : family(pid)) {
    const stat = statOf(member);
    if (!stat) continue;
    ticks += Number(stat[11]) + Number(stat[12]);
    // Of children that have ended.
    if (!alone) ticks += Number(stat[13]) + Number(stat[14]);
    kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readProc(`${member}/status`) ?? "")?.[1] ?? 0);
  }
  return { memoryMb: kilobytes / 1024, cpuMs: ticks * tickMs };
};

/** CPU time that these cores have spent so far, in milliseconds; what a hypervisor took away counts too. */
export const busyMs = (cores: readonly number[]): number => {
  const lines = readFileSync("/proc/stat", "latin1").split("\n");
  return cores
    .flatMap((core) => lines.filter((line) => line.startsWith(`cpu${core} `)))
    .map((line) => {
      const [, user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).map(Number);
      return [user, nice, system, irq, softirq, steal].reduce<number>((sum, part) => sum + (part ?? 0), 0);
    })
    .reduce((sum, ticks) => sum + ticks * tickMs, 0);
};
