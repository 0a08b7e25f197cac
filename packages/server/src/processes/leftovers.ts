import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../logs/index.ts";
import {
  isOfThisEpoch,
  isStillRunning,
  type ProcessIdentity,
  parseIdentity,
  startTimeOf,
} from "./identity.ts";
import { signalGroup } from "./process.ts";

const pollMs = 25;

const gone = async (identity: ProcessIdentity, withinMs: number): Promise<boolean> => {
  const limit = performance.now() + withinMs;
  while (isStillRunning(identity)) {
    if (performance.now() > limit) return false;
    await delay(pollMs);
  }
  return true;
};

/**
 * Ends formations that outlived a killed server. Most notice by themselves that it is gone; those still running after
 * `graceMs` are killed, together with everything they started.
 */
export const endLeftovers = async (pidsDirectory: string, graceMs: number, log: Log): Promise<void> => {
  await mkdir(pidsDirectory, { recursive: true });
  const end = async (file: string): Promise<void> => {
    const identity = parseIdentity(await readFile(file, "utf8"));
    if (identity && isStillRunning(identity)) {
      signalGroup(identity.pid, "SIGTERM");
      if (!(await gone(identity, graceMs))) {
        signalGroup(identity.pid, "SIGKILL");
        await gone(identity, graceMs);
      }
      log.warn({ pid: identity.pid }, "ended a formation that a killed server had left running");
    }
    // What it started is in its process group. The system does not reuse the group's id while any of that is running.
    if (identity && isOfThisEpoch(identity) && startTimeOf(identity.pid) === undefined)
      signalGroup(identity.pid, "SIGKILL");
    await rm(file, { force: true });
  };
  await Promise.all((await readdir(pidsDirectory)).map((name) => end(join(pidsDirectory, name))));
};
