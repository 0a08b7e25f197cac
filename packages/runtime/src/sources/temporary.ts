import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isGone, newLeaseOwner } from "../background/index.ts";

const prefix = "muxi-fetched-";

/** Makes a folder for what this process fetches, and removes those of processes that were killed. */
export const makeFetchFolder = async (): Promise<string> => {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix) || !isGone(decodeURIComponent(name.slice(prefix.length)))) continue;
    await rm(path.join(tmpdir(), name), { recursive: true, force: true });
  }
  const folder = path.join(tmpdir(), `${prefix}${encodeURIComponent(newLeaseOwner())}`);
  // What is fetched is for nobody else on this machine.
  await mkdir(folder, { mode: 0o700 });
  return folder;
};
