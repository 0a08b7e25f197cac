import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Logger } from "pino";
import { isGone, newLeaseOwner } from "../background/index.ts";

const prefix = "muxi-fetched-";

/** Makes a folder for what this process fetches, and removes those of processes that were killed. */
export const makeFetchFolder = async (log: Logger): Promise<string> => {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    try {
      if (!isGone(decodeURIComponent(name.slice(prefix.length)))) continue;
      await rm(path.join(tmpdir(), name), { recursive: true, force: true });
    } catch (error) {
      // It may be of another user, or of another program with a name that is none of ours.
      log.info({ err: error, name }, "a temporary folder stays that may be of a process that was killed");
    }
  }
  const folder = path.join(tmpdir(), `${prefix}${encodeURIComponent(newLeaseOwner())}`);
  // What is fetched is for nobody else on this machine.
  await mkdir(folder, { mode: 0o700 });
  return folder;
};
