import { join } from "node:path";
import { writeAtomically } from "../base/index.ts";
import { readIfThere, secretFiles } from "./files.ts";
import { normalizeSecretName } from "./names.ts";

/** Name and value of a line of the template `secrets`, as written; undefined for a comment or an empty line. */
const readLine = (line: string): { name: string; value: string } | undefined => {
  const [written = "", ...value] = line.split("=");
  const name = written.trim();
  if (value.length === 0 || name === "" || name.startsWith("#")) return undefined;
  return { name, value: value.join("=").trim() };
};

/** The normalised name that a line lists. */
const lineName = (line: string): string | undefined => {
  const read = readLine(line);
  return read && normalizeSecretName(read.name);
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
    const { name = "", value = "" } = readLine(text) ?? {};
    const isEmpty = value === "" || value.startsWith("#") || /^["']{2}$/.test(value);
    return isEmpty ? [] : [{ name, line: index + 1 }];
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
