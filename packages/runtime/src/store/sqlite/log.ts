import { closeSync, fdatasync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StorageUnavailableError } from "../database/index.ts";

/** The write-ahead log of a SQLite file, which holds transactions until a checkpoint. */
export interface SqliteLog {
  /** Syncs all transactions that have been committed so far to the disk. */
  sync(): Promise<void>;
  /** The sync in progress. */
  readonly syncing: Promise<void> | undefined;
  /**
   * To be called before the file is used again.
   *
   * @throws Error when the disk failed to store a transaction, and still fails.
   */
  ensureSafe(): void;
  close(): void;
}

/**
 * Opens the log of a database. The connection must stay open, since the last one to close deletes the log. SQLite holds
 * its locks on other files, so closing this one releases none of them.
 *
 * The log is synced here, as SQLite would do in a commit with `synchronous = full`, but without blocking the event loop.
 * Another process, while a new release takes over, may run a checkpoint between a commit and its sync, and restart the
 * log: SQLite then syncs both the log and the file.
 *
 * That process, and reads from the cache, may see what is not on disk yet. Whatever is written because of it comes later
 * in the same log, and so reaches the disk no earlier.
 *
 * @param checkpoint Moves everything from the log into the file, synced, and empties the log; throws when it cannot.
 */
export const openSqliteLog = (db: DatabaseSync, checkpoint: () => void): SqliteLog => {
  // When the file is a symbolic link, the log is next to its target.
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
      // The kernel reports a failed write once and then drops the data, so another sync would prove nothing. After a loss
      // of power the log ends at its first damaged frame, so nothing may be appended to it either.
      checkpoint();
      isDoubtful = false;
    },

    close: () => closeSync(log),
  };
};
