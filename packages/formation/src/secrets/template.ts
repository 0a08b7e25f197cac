import { join } from "node:path";
import { writeAtomically } from "../base/index.ts";
import { readIfThere, secretFiles } from "./files.ts";
import { normalizeSecretName } from "./names.ts";

/** The normalised name that a line of the template `secrets` lists; undefined for a comment or an empty line. */
const lineName = (line: string): string | undefined => {
  const name = /^\s*([^#=\s][^=]*?)\s*=/.exec(line)?.[1];
  return name === undefined ? undefined : normalizeSecretName(name);
};

const readLines = async (dir: string): Promise<string[]> => {
  const text = ((await readIfThere(dir, secretFiles.template)) ?? "").trimEnd();
  return text === "" ? [] : text.split("\n");
};

/**
 * The names to which the template, which is meant to be shared, gives a value, as written.
 *
 * @returns Each with its line, counted from 1.
 */
export const templateValues = async (dir: string): Promise<{ name: string; line: number }[]> =>
  (await readLines(dir)).flatMap((text, index) => {
    const [, name] = /^\s*([^#=\s][^=]*?)\s*=\s*(?!["']{2}\s*$)[^\s#]/.exec(text) ?? [];
    return name === undefined ? [] : [{ name, line: index + 1 }];
  });

/** The names that the template lists, normalised. */
export const templateNames = async (dir: string): Promise<string[]> =>
  (await readLines(dir)).map(lineName).filter((name) => name !== undefined);

/**
 * Adds names to the template `secrets`, which holds no values, and removes names from it. Comments and order stay.
 *
 * @param names Normalised.
 */
export const editTemplate = async (
  dir: string,
  { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] },
): Promise<void> => {
  const lines = await readLines(dir);
  const listed = lines.map(lineName);
  const missing = add.filter((name) => !listed.includes(name));
  const kept = lines.filter((_, index) => !remove.includes(listed[index] ?? ""));
  if (missing.length === 0 && kept.length === lines.length) return;
  const text = [...kept, ...missing.map((name) => `${name}=`)].join("\n");
  await writeAtomically(join(dir, secretFiles.template), text === "" ? "" : `${text}\n`, 0o644);
};
