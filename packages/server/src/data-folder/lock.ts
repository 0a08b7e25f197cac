import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "@muxi/formation";
import { ifThere } from "../base/durable.ts";
import { ConfigError } from "../config/index.ts";
import { formatIdentity, isStillRunning, parseIdentity, startTimeOf } from "../processes/index.ts";

const lockAttempts = 10;

/**
 * Locks a data folder for this process. The lock ends with the process, even if it is killed.
 *
 * @returns Releases the lock.
 * @throws ConfigError when another server uses the folder.
 */
export const lockData = async (dataDirectory: string): Promise<() => Promise<void>> => {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const file = join(dataDirectory, "server.lock");
  const own = `${file}.${process.pid}.${process.hrtime.bigint()}`;
  const content = formatIdentity({ pid: process.pid, startTime: startTimeOf(process.pid) ?? "unknown" });
  await writeFile(own, content, { mode: 0o600, flag: "wx" });
  try {
    for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
      try {
        await link(own, file); // Unlike a rename, a link never replaces an existing file.
        return () => rm(file, { force: true });
      } catch (error) {
        if (!isSystemError(error, "EEXIST")) throw error;
      }
      const holder = parseIdentity((await ifThere(readFile(file, "utf8"))) ?? "");
      if (holder && isStillRunning(holder)) {
        throw new ConfigError(
          `Another server (process ${holder.pid}) is using the data folder ${dataDirectory}. Stop it, or choose another folder with MUXI_DATA_DIR.`,
        );
      }
      // Left behind by a killed server. It is renamed first, so that only one of several starting servers removes it.
      const stale = `${own}.stale`;
      await ifThere(rename(file, stale));
      const moved = parseIdentity((await ifThere(readFile(stale, "utf8"))) ?? "");
      if (moved && isStillRunning(moved)) await ifThere(rename(stale, file));
      await rm(stale, { force: true });
    }
    throw new ConfigError(`The data folder ${dataDirectory} cannot be locked. Remove ${file}.`);
  } finally {
    await rm(own, { force: true });
  }
};
