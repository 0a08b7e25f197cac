import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { FormationClient, MemoryImported, MemoryImportResult } from "muxi-client";
import * as z from "zod";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { createUi } from "../../ui/index.ts";
import { type ChangeOptions, change } from "./change.ts";
import { type ExportOptions, writeLines } from "./lines.ts";

/** `muxi memory export`: prints or writes a user's memories as JSON Lines. */
export const exportMemories = (context: Context, options: ExportOptions): Promise<number> =>
  writeLines(context, options, (formation) => formation.exportMemories());

/** Memories that are sent at once, and characters of their lines. */
const mostAtOnce = 1_000;
const mostCharacters = 1_000_000;

const importedSchema = z.looseObject({ content: z.string(), source: z.string() });

/** The memories of a file, some at a time. */
const partsOf = async function* (path: string): AsyncGenerator<MemoryImported[]> {
  let part: MemoryImported[] = [];
  let characters = 0;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === "") continue;
    const { data } = importedSchema.safeParse(parseJson(line));
    if (!data) {
      throw new CliError(`Line ${number} of ${path} is no memory`, {
        detail: ["Each line is a JSON object with a content and a source"],
        hint: "Make such a file with: muxi memory export --file <path>",
      });
    }
    if (part.length === mostAtOnce || characters + line.length > mostCharacters) {
      if (part.length > 0) yield part;
      part = [];
      characters = 0;
    }
    part.push(data);
    characters += line.length;
  }
  if (part.length > 0) yield part;
};

const importAll = async (formation: FormationClient, path: string) => {
  const counts = { accepted: 0, duplicate: 0, invalid: 0 };
  const errors: MemoryImportResult["errors"] = [];
  let sent = 0;
  for await (const memories of partsOf(path)) {
    const result = await formation.importMemories({ memories });
    counts.accepted += result.counts.accepted;
    counts.duplicate += result.counts.duplicate;
    counts.invalid += result.counts.invalid;
    for (const { index, error } of result.errors) errors.push({ index: sent + index, error });
    sent += memories.length;
  }
  return { counts, errors };
};

/** `muxi memory import`: brings in the memories of a file. */
export const importMemories = async (
  context: Context,
  file: string,
  options: ChangeOptions,
): Promise<number> => {
  const path = resolve(context.cwd, file);
  const refused: string[] = [];
  const code = await change(
    context,
    options,
    async (formation) => {
      const result = await importAll(formation, path).catch((error: unknown) => {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
        throw new CliError(`The file cannot be read: ${path}`, { detail: [error.message], cause: error });
      });
      refused.push(...result.errors.map(({ index, error }) => `Memory ${index + 1}: ${error}`));
      return result;
    },
    ({ counts: { accepted, duplicate, invalid } }) =>
      `Brought in ${accepted}; ${duplicate} were known already, ${invalid} cannot be used`,
  );
  if (refused.length > 0) createUi(context, options.output).warning("Some cannot be used", refused);
  return code;
};
