import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Finding } from "./report.ts";
import { isMissing, systemCode } from "./system-error.ts";

/** In order of precedence (docs/spec/formation-files.md "The folder"). */
export const manifestNames = ["formation.afs", "formation.yaml", "formation.yml"] as const;

export interface Location {
  /** Absolute path of the formation folder. */
  dir: string;
  /** Relative to `dir`. */
  manifestFile: string;
  /** Whether everything is inline, in a single file of any other name. */
  isFlattened: boolean;
}

const statIfThere = async (path: string) => {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** File name of a folder's manifest; undefined when it has none. */
export const findManifest = async (dir: string): Promise<string | undefined> => {
  for (const name of manifestNames) {
    if ((await statIfThere(join(dir, name)))?.isFile()) return name;
  }
  return undefined;
};

const problem = (file: string, message: string, hint: string): { problem: Finding } => ({
  problem: { file, path: "", message, hint },
});

/** Locates the formation at a path: that of its folder, its manifest or a flattened file. */
export const locateFormation = async (path: string): Promise<Location | { problem: Finding }> => {
  const absolute = resolve(path);
  const remedy = "Give the path of a formation folder";
  try {
    const info = await statIfThere(absolute);
    if (info === undefined) return problem(path, "does not exist", remedy);
    if (info.isFile()) {
      const manifestFile = basename(absolute);
      const isFlattened = !manifestNames.some((name) => name === manifestFile);
      return { dir: dirname(absolute), manifestFile, isFlattened };
    }
    if (!info.isDirectory()) return problem(path, "is neither a folder nor a file", remedy);
    const manifestFile = await findManifest(absolute);
    if (manifestFile !== undefined) return { dir: absolute, manifestFile, isFlattened: false };
    const message = `is not a formation: it contains no ${manifestNames.join(", ")}`;
    return problem(path, message, "Create one with: muxi new formation <name>");
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return problem(path, `cannot be read (${code})`, remedy);
  }
};
