import { readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { decodeText } from "@muxi/documents";
import type { Finding } from "./report.ts";
import { isMissing, isSystemError, systemCode } from "./system-error.ts";
import { parseSource, type ReadResult } from "./yaml.ts";

const maxFileBytes = 5 * 1024 * 1024;

/**
 * The real path of a file of the formation. Undefined when it is missing, or when a symbolic link leads out of the
 * folder: what is outside would not be in the bundle.
 */
export const resolveInside = async (dir: string, file: string): Promise<string | undefined> => {
  try {
    const [root, target] = await Promise.all([realpath(dir), realpath(join(dir, file))]);
    return target === root || target.startsWith(root.endsWith(sep) ? root : root + sep) ? target : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Whether there is a file or folder, as far as this process can see. */
export const isThere = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error) || isSystemError(error, "ENOTDIR", "EACCES", "EPERM")) return false;
    throw error;
  }
};

/** The text of a file inside the formation folder, its lines ended by `\n` alone, or why it cannot be read. */
export const readTextInside = async (
  dir: string,
  file: string,
): Promise<{ text: string } | { problem: Finding }> => {
  const problem = (message: string, hint: string) => ({ problem: { file, path: "", message, hint } });
  try {
    const path = await resolveInside(dir, file);
    if (path === undefined) {
      const hint = "Put the file itself into the folder";
      return problem("does not exist, or is a link to something outside the formation folder", hint);
    }
    const info = await stat(path);
    if (!info.isFile()) return problem("is not a file", "Replace it by a file");
    if (info.size > maxFileBytes)
      return problem(`is larger than ${maxFileBytes / 1024 / 1024} MB`, "Shorten it");
    return { text: decodeText(await readFile(path)).replaceAll("\r\n", "\n") };
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return problem(`cannot be read (${code})`, "Check its permissions");
  }
};

/**
 * Reads a component or a manifest: YAML 1.2, of which JSON is a part.
 *
 * @param file Relative to `dir`.
 */
export const readSource = async (dir: string, file: string): Promise<ReadResult> => {
  const read = await readTextInside(dir, file);
  return "problem" in read ? read : parseSource(file, read.text);
};
