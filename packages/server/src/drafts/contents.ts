/** The file that records what a draft was made from (docs/spec/server-api.md "Draft files"). */
export const draftMetaFile = ".draft-meta.json";

const runtimeOwned = /^(memory\.db(-wal|-shm|-journal)?|\.keys\.json|artifacts)$/;

/** Whether a file of a draft belongs to the draft only, and not to the formation that is deployed from it. */
export const ofDraftOnly = (name: string): boolean => name === draftMetaFile || runtimeOwned.test(name);
