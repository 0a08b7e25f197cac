/** Name of the file that says what a draft was made from (docs/spec/server-api.md "Draft files"). */
export const draftMetaFile = ".draft-meta.json";

const runtimeOwned = /^(memory\.db(-wal|-shm|-journal)?|\.keys\.json|artifacts)$/;

/** Whether a name in a draft's folder stays there: it is not part of the formation that is deployed from it. */
export const ofDraftOnly = (name: string): boolean => name === draftMetaFile || runtimeOwned.test(name);
