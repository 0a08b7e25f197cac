import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import { findManifest, isHidden, isMissing, readTextInside } from "../base/index.ts";
import { normalizeSecretName } from "./names.ts";

/** A secret that a formation refers to. */
export interface SecretReference {
  /** Normalised: `MY_API_KEY`. */
  name: string;
  /** Files that refer to it, relative to the formation folder. */
  files: string[];
}

/**
 * Folders and endings of the files that may hold references (docs/spec/formation-files.md "Filling in references").
 */
const scanned: Readonly<Record<string, readonly string[]>> = {
  agents: [".afs", ".yaml", ".yml"],
  mcps: [".afs", ".yaml", ".yml"],
  mcp: [".afs", ".yaml", ".yml"],
  a2a: [".afs", ".yaml", ".yml"],
  sops: [".md"],
  triggers: [".md"],
};

// Without braces inside, so that the search is linear on any text.
const reference = /\$\{\{\s*secrets\.([^{}]*)\}\}/g;

const filesIn = async (dir: string, folder: string, extensions: readonly string[]): Promise<string[]> => {
  try {
    const names = await readdir(`${dir}/${folder}`, { recursive: true });
    return names
      .filter((name) => extensions.includes(extname(name)) && !isHidden(name))
      .map((name) => `${folder}/${name}`);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** A `#` begins a comment in YAML and a heading in Markdown. */
const withoutComments = (file: string, text: string): string =>
  file.endsWith(".md") ? text : text.replace(/^[ \t]*#.*$/gm, "");

/** Finds every `${{ secrets.NAME }}` in a formation's files, sorted by name. Files that cannot be read are skipped. */
export const findSecretReferences = async (dir: string): Promise<SecretReference[]> => {
  const manifest = await findManifest(dir);
  const files = manifest === undefined ? [] : [manifest];
  for (const [folder, extensions] of Object.entries(scanned)) {
    files.push(...(await filesIn(dir, folder, extensions)).sort());
  }
  const found = new Map<string, Set<string>>();
  for (const file of files) {
    const read = await readTextInside(dir, file);
    if ("problem" in read) continue;
    for (const [, written = ""] of withoutComments(file, read.text).matchAll(reference)) {
      const name = normalizeSecretName(written);
      if (name !== "") found.set(name, (found.get(name) ?? new Set()).add(file));
    }
  }
  return [...found]
    .map(([name, names]) => ({ name, files: [...names] }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
};
