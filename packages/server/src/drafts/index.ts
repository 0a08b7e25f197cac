/** Drafts, the editable copies of formations: creating them, their files, and what of them is deployed. */
export * from "./contents.ts";
export * from "./draft.ts";
export * from "./files.ts";
