import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, resolveInside } from "@muxi/formation";
import { ifThere } from "../base/durable.ts";
import { Failure } from "../base/failure.ts";
import { draftMetaFile } from "./contents.ts";

/** Files that are edited by hand are never larger. */
const longestFile = 5 * 1024 * 1024;

const invalid = (path: string): Failure =>
  new Failure(400, "InvalidPath", `'${path}' is not a path inside the draft`);

/** Splits a path inside a draft. It may not lead out of the draft, nor name the server's own file in it. */
const partsOf = (path: string): string[] => {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const leaves = path.startsWith("/") || path.includes("\0") || path.includes("\\") || parts.includes("..");
  if (leaves || parts[0] === draftMetaFile) throw invalid(path);
  return parts;
};

/**
 * The absolute path of a file or folder in a draft. No part of the path may be a link.
 *
 * @throws Failure 400
 */
const placeOf = async (draft: string, path: string): Promise<string> => {
  const parts = partsOf(path);
  if (parts.length === 0) throw invalid(path);
  const place = join(draft, ...parts);
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = join(draft, ...parts.slice(0, depth));
    if ((await ifThere(lstat(part)))?.isSymbolicLink()) throw invalid(path);
  }
  return place;
};

const notFound = (path: string): Failure =>
  new Failure(404, "FileNotFound", `The draft has no file '${path}'`);

export interface DraftEntry {
  name: string;
  type: "file" | "dir";
  size: number;
}

/** Lists one folder of a draft. */
export const listFiles = async (draft: string, path: string): Promise<DraftEntry[]> => {
  const folder = partsOf(path).length === 0 ? draft : await placeOf(draft, path);
  const found = await ifThere(readdir(folder, { withFileTypes: true }));
  if (!found) throw notFound(path);
  const entries = found
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && entry.name !== draftMetaFile)
    .map(async (entry): Promise<DraftEntry> => {
      if (entry.isDirectory()) return { name: `${entry.name}/`, type: "dir", size: 0 };
      return { name: entry.name, type: "file", size: (await stat(join(folder, entry.name))).size };
    });
  return (await Promise.all(entries)).sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** A file's content: text if it is UTF-8, otherwise Base64. */
export const readDraftFile = async (
  draft: string,
  path: string,
): Promise<{ content: string; encoding: "utf-8" | "base64" }> => {
  const place = await placeOf(draft, path);
  const file = await resolveInside(draft, partsOf(path).join("/"));
  const info = file === undefined ? undefined : await stat(file);
  if (!info?.isFile()) throw notFound(path);
  if (info.size > longestFile) throw new Failure(413, "PayloadTooLarge", `'${path}' is larger than 5 MB`);
  const bytes = await readFile(place);
  try {
    const content = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { content, encoding: "utf-8" };
  } catch {
    return { content: bytes.toString("base64"), encoding: "base64" }; // Not UTF-8.
  }
};

const decode = (content: string, encoding: "utf-8" | "base64"): Buffer => {
  if (encoding === "utf-8") return Buffer.from(content);
  // To take the blanks out first would keep the event loop for a second, with 8 MB of them.
  if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(content.trim())) {
    throw new Failure(400, "DecodeError", "The content is not Base64");
  }
  return Buffer.from(content, "base64");
};

/**
 * Replaces or creates a file, and the folders above it.
 *
 * @returns Its size in bytes.
 */
export const writeDraftFile = async (
  draft: string,
  path: string,
  content: string,
  encoding: "utf-8" | "base64",
): Promise<number> => {
  const place = await placeOf(draft, path);
  const bytes = decode(content, encoding);
  if (bytes.length > longestFile) throw new Failure(413, "PayloadTooLarge", `'${path}' is larger than 5 MB`);
  const temporary = `${place}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(dirname(place), { recursive: true });
    const mode = (await ifThere(stat(place)))?.mode ?? 0o644;
    await writeFile(temporary, bytes, { mode: mode & 0o777, flag: "wx" });
    await rename(temporary, place);
    return bytes.length;
  } catch (error) {
    await rm(temporary, { force: true });
    // There is a folder where the file should be, or a file where a folder should be.
    if (isSystemError(error, "EISDIR", "ENOTDIR", "EEXIST", "ENAMETOOLONG")) throw invalid(path);
    throw error;
  }
};

export const deleteDraftFile = async (draft: string, path: string): Promise<void> => {
  const place = await placeOf(draft, path);
  if ((await ifThere(lstat(place))) === undefined) throw notFound(path);
  await rm(place, { recursive: true });
};
