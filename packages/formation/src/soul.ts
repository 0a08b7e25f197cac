import type { Report } from "./base/index.ts";
import { readTextInside, resolveInside } from "./base/index.ts";
import { placeholderFindings } from "./markdown-files.ts";
import { noPlaceholders } from "./placeholders.ts";

/** Files that may hold the soul, in order of precedence (docs/spec/formation-files.md "Soul"). */
export const soulFiles = ["SOUL.md", "soul.md"] as const;

const builtInSoul =
  "You are friendly, clear and brief. You answer in the language in which you are spoken to.";

/**
 * The soul of a formation: the text of its file, else the manifest's field, else a built-in text.
 *
 * @param dir Undefined for a flattened formation, which has no files beside it.
 */
export const loadSoul = async (
  dir: string | undefined,
  field: string | undefined,
  report: Report,
): Promise<string> => {
  const fallback = field?.trim() || builtInSoul;
  if (dir === undefined) return fallback;
  for (const file of soulFiles) {
    if ((await resolveInside(dir, file)) === undefined) continue;
    const read = await readTextInside(dir, file);
    if ("text" in read) {
      report.warnings.push(...placeholderFindings(file, { body: read.text, linesBefore: 0 }, noPlaceholders));
      return read.text.trim();
    }
    report.errors.push(read.problem);
  }
  return fallback;
};
