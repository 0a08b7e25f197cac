/** What the reader's process does with releases: makes the folder of one, with the data that all share; packs one. */
export * from "./archive.ts";
export { loadRows, rowsFile } from "./rows.ts";
export * from "./stage.ts";
export * from "./whole.ts";
export * from "./zip.ts";
