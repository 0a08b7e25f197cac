/** The editable copy of a formation: how it is made, its files, and what of it is deployed. */
export * from "./contents.ts";
export * from "./draft.ts";
export * from "./files.ts";
