import { closeSync, fdatasync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StorageUnavailableError } from "../database/index.ts";

/** The write-ahead log of a SQLite file: where its transactions are until a checkpoint. */
export interface SqliteLog {
  /** Brings all transactions that were committed so far to the disk. */
  sync(): Promise<void>;
  /** The sync under way. */
  readonly syncing: Promise<void> | undefined;
  /**
   * To be called before anything else is done with the file.
   *
   * @throws Error when the disk has failed to take a transaction, and still does.
   */
  ensureSafe(): void;
  close(): void;
}

/**
 * Opens the log of a database whose connection is open, which keeps it the same file: only the last connection deletes
 * it. SQLite's locks are on its other files, so none is lost when this one is closed.
 *
 * The log is synced here, as SQLite does it in a commit with `synchronous = full`, but without keeping the event loop
 * from all else meanwhile. Another process, while a new release takes over, may do a checkpoint between a commit and its
 * sync, and start the log anew: SQLite then syncs both the log and the file.
 *
 * That process, and a recall from what is kept in memory, may see what is not on disk yet. What is written because of it
 * comes later in the same log, and so is on disk no earlier.
 *
 * @param checkpoint Moves everything from the log into the file, on disk, and empties the log; throws when it cannot.
 */
export const openSqliteLog = (db: DatabaseSync, checkpoint: () => void): SqliteLog => {
  // Where the file is a link, the log lies beside what it points to.
  const file = db.location();
  const log = openSync(`${file}-wal`, "r+");
  let syncing: Promise<void> | undefined;
  let isDoubtful = false;

  return {
    sync() {
      syncing = new Promise((resolve, reject) => {
        fdatasync(log, (cause) => {
          syncing = undefined;
          if (!cause) return resolve();
          isDoubtful = true;
          reject(
            new StorageUnavailableError(
              `the disk of the database ${file} did not take what was written, which may or may not be kept: check the disk`,
              { cause },
            ),
          );
        });
      });
      return syncing;
    },

    get syncing() {
      return syncing;
    },

    ensureSafe() {
      if (!isDoubtful) return;
      // The kernel tells of a failure once, and forgets what it could not write: to sync again would prove nothing. The
      // log ends, after a loss of power, at its first damage, so nothing may follow in it either.
      checkpoint();
      isDoubtful = false;
    },

    close: () => closeSync(log),
  };
};
