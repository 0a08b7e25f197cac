import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Each side has a core of its own, so that neither takes time from the other. */
export interface Cores {
  server: number;
  /** The load generator and the fake model. */
  load: number;
}

/** The cores that this process may use: `0-1,4` is 0, 1 and 4. */
const allowedCores = (): number[] => {
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
};

/**
 * Chooses the two cores and moves this process, which makes the load, to its own.
 *
 * @throws Error on a machine that cannot measure, with what it lacks.
 */
export const takeCores = (): Cores => {
  if (process.platform !== "linux")
    throw new Error("the bench reads /proc and pins processes: it needs Linux");
  const [server, load] = allowedCores();
  if (server === undefined || load === undefined)
    throw new Error("the bench needs two cores, and may use only one");
  try {
    execFileSync("taskset", ["-apc", String(load), String(process.pid)], { stdio: "ignore" });
  } catch (cause) {
    throw new Error("the bench needs the command taskset (package util-linux)", { cause });
  }
  return { server, load };
};
