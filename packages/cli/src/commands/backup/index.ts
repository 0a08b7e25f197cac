/** `muxi backup` and `muxi restore`: everything that a formation is, in one encrypted file. */
export { type BackupOptions, backup } from "./backup.ts";
export { type RestoreOptions, restore } from "./restore.ts";
