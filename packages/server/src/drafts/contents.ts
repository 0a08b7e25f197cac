import { lstat } from "node:fs/promises";
import { basename } from "node:path";

/** The file that records what a draft was made from (docs/spec/server-api.md "Draft files"). */
export const draftMetaFile = ".draft-meta.json";

const runtimeOwned = /^(memory\.db(-wal|-shm|-journal)?|\.keys\.json|artifacts)$/;

/**
 * Whether a path is copied into a draft and from it. Links in a release lead to the data that releases share: a copy
 * would lead a draft to the database of what is live.
 */
export const isCopied = async (path: string): Promise<boolean> =>
  !ofDraftOnly(basename(path)) && !(await lstat(path)).isSymbolicLink();

/** Whether a file of a draft belongs to the draft only, and not to the formation that is deployed from it. */
export const ofDraftOnly = (name: string): boolean => name === draftMetaFile || runtimeOwned.test(name);
