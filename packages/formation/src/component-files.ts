import { readdir } from "node:fs/promises";
import { basename, extname } from "node:path";
import type { Finding } from "./base/index.ts";
import {
  isHidden,
  type Mapping,
  readSource,
  resolveInside,
  type SourceFile,
  systemCode,
} from "./base/index.ts";

/** A component's file: its content, or why it cannot be read. */
export type ComponentFile =
  | { file: string; id: string; source: SourceFile }
  | { file: string; id: string; problem: Finding };

export const componentExtensions: ReadonlySet<string> = new Set([".afs", ".yaml", ".yml"]);

/** The id of a component whose file names none (docs/spec/formation-files.md "The folder"). */
export const idOfFile = (file: string): string => basename(file, extname(file));

export const isSwitchedOff = (data: Mapping): boolean => data.active === false;

/** @param file Relative to `dir`. */
export const readComponentFile = async (dir: string, file: string): Promise<ComponentFile> => {
  const read = await readSource(dir, file);
  if ("problem" in read) return { file, id: idOfFile(file), problem: read.problem };
  const { id } = read.source.data;
  return { file, id: typeof id === "string" ? id : idOfFile(file), source: read.source };
};

const listFolder = async (folder: string, path: string): Promise<string[] | Finding> => {
  try {
    const names = await readdir(path);
    return names.filter((name) => componentExtensions.has(extname(name)) && !isHidden(name)).sort();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const message = code === "ENOTDIR" ? "is not a folder" : `cannot be read (${code})`;
    return { file: folder, path: "", message };
  }
};

/**
 * Reads the component files of the first of `folders` that exists, sorted by name. Switched-off ones are among
 * them, and a folder that cannot be read is one broken file.
 */
export const readComponentFolder = async (
  dir: string,
  folders: readonly string[],
): Promise<ComponentFile[]> => {
  for (const folder of folders) {
    const path = await resolveInside(dir, folder);
    if (path === undefined) continue;
    const names = await listFolder(folder, path);
    return Array.isArray(names)
      ? Promise.all(names.map((name) => readComponentFile(dir, `${folder}/${name}`)))
      : [{ file: folder, id: folder, problem: names }];
  }
  return [];
};
