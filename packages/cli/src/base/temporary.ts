import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isAlive } from "@muxi/server";

/** Removes what processes of this machine have left that were killed: nobody else's, and nothing that is in use. */
const removeLeftovers = async (prefix: string): Promise<void> => {
  const folder = dirname(prefix);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith(basename(prefix))) continue;
    const [pid] = entry.name.slice(basename(prefix).length).split("-", 1);
    if (isAlive(Number(pid))) continue;
    const path = join(folder, entry.name);
    const { uid } = await lstat(path);
    if (uid === process.getuid?.()) await rm(path, { recursive: true, force: true });
  }
};

/**
 * Gives work a folder of its own and removes it afterwards (docs/spec/cli.md "Temporary files"). It may hold a formation in
 * clear text, so those that were left by a process that was killed go as well.
 *
 * @param at The folder that it is made in, and how its name begins.
 */
export const withTemporaryFolder = async <Result>(
  work: (folder: string) => Promise<Result>,
  at = join(tmpdir(), "muxi"),
): Promise<Result> => {
  const prefix = `${at}-${hostname()}-`;
  await removeLeftovers(prefix);
  const folder = await mkdtemp(`${prefix}${process.pid}-`);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
