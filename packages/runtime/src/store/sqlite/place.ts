import { statSync } from "node:fs";
import { StorageUnavailableError } from "../database/index.ts";

/** Where the files of a database are. */
export interface Place {
  /** Looks now, and not only at the next turn. */
  look(): void;
  /** @throws StorageUnavailableError when another file, an empty one or none was there at the last look. */
  ensureSame(): void;
  close(): void;
}

/** Milliseconds. What is written in between to a file that was deleted is lost. */
const lookEvery = 1_000;

const statsOf = (file: string) => statSync(file, { throwIfNoEntry: false });

/**
 * Watches the place of a database that is open. A file that is deleted or replaced stays what this process reads and
 * writes, so that SQLite notices nothing, and all of it is gone with the process.
 *
 * A file whose bytes are overwritten is not told from one that has had a checkpoint, which any process may run at any
 * time: both are written to in place, and neither leaves a sign that the other lacks.
 */
export const watchPlace = (file: string): Place => {
  const identity = (): string => {
    const [stats, log] = [statsOf(file), statsOf(`${file}-wal`)];
    // The log is empty at times, the file never.
    return [stats?.dev, stats?.ino, stats?.size !== 0, log?.ino].join();
  };
  const opened = identity();
  let isSame = true;
  const look = (): void => {
    isSame = identity() === opened;
  };
  const timer = setInterval(look, lookEvery).unref();
  return {
    look,
    ensureSame() {
      if (isSame) return;
      throw new StorageUnavailableError(
        `the database ${file} was deleted, emptied or replaced while the formation used it: put it back with its -wal and -shm, or restart the formation to use what is there now`,
      );
    },
    close: () => clearInterval(timer),
  };
};
