import { readdir } from "node:fs/promises";
import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { type Finding, isHidden, isMissing, readTextInside } from "./base/index.ts";
import { readFrontmatter } from "./frontmatter.ts";
import type { LoadContext } from "./load-context.ts";
import { openFrontmatter, placeholderFindings } from "./markdown-files.ts";
import type { Reference } from "./model-checks.ts";
import { resolveAlias, splitModelId } from "./models.ts";
import { triggerPlaceholders } from "./placeholders.ts";
import { text } from "./schema/common.ts";
import { unused } from "./schema/effects.ts";
import { findingAt, validate } from "./validate.ts";

/**
 * A prompt template that becomes a request when its data is filled in (docs/spec/formation-files.md "Trigger files").
 */
export interface Trigger {
  name: string;
  /** The prompt, with `${{ data.a.b }}` where the data goes. */
  content: string;
  /** `provider/name` or an alias. */
  model?: string | undefined;
  /** Address that the result is sent to. With it, every call runs in the background. */
  webhook?: string | undefined;
}

const mostFiles = 500;

export const triggerNamePattern = /^[A-Za-z0-9_-]{1,200}$/;

/** Keys of a trigger's frontmatter. */
export const triggerFrontmatter = lazy(() =>
  z.strictObject({
    name: text.optional(),
    type: text.optional(),
    model: text.optional(),
    webhook: z
      .url({ protocol: /^https?$/, error: "must be a URL that begins with http:// or https://" })
      .optional(),
    transformer: unused("The webhook gets the answer as it is"),
    channel: unused("Name a webhook"),
    parse: unused("The placeholders of the text say which data is used"),
  }),
);

/** The Markdown files of `triggers/`, sorted. */
const markdownFiles = async (dir: string): Promise<string[]> => {
  try {
    const files = await readdir(`${dir}/triggers`, { withFileTypes: true });
    return files
      .filter((file) => !file.isDirectory() && file.name.endsWith(".md") && !isHidden(file.name))
      .map((file) => file.name)
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

const nameOf = (file: string): string => file.slice(0, -".md".length);

/** The names of all triggers, sorted. */
export const triggerNames = async (dir: string): Promise<string[]> =>
  (await markdownFiles(dir))
    .map(nameOf)
    .filter((name) => triggerNamePattern.test(name))
    .slice(0, mostFiles);

const empty = (file: string): Finding => ({
  file,
  path: "",
  message: "has no text, so it cannot be fired",
  hint: "Write what the agent is told, for example: Order ${{ data.id }} is late.",
});

interface TriggerFile {
  /** Where its model is named, if it names one. */
  model?: Reference;
  /** Absent when there are errors. */
  trigger?: Trigger;
  errors: Finding[];
  warnings: Finding[];
}

const readFile = async (
  dir: string,
  name: string,
  aliases: Readonly<Record<string, string>>,
): Promise<TriggerFile | undefined> => {
  const file = `triggers/${name}.md`;
  const read = await readTextInside(dir, file);
  if ("problem" in read) return undefined;
  const parts = readFrontmatter(file, read.text);
  if ("problem" in parts) return { errors: [parts.problem], warnings: [] };
  const { source, body } = parts;
  const place = { source, base: [] };
  const checked = validate(triggerFrontmatter(), source.data, place);
  const warnings = [
    ...source.warnings,
    ...checked.warnings,
    ...openFrontmatter(file, parts),
    ...placeholderFindings(file, parts, triggerPlaceholders),
    ...(body.trim() === "" ? [empty(file)] : []),
  ];
  if ("errors" in checked) return { errors: checked.errors, warnings };
  const { model, webhook } = checked.value;
  if (model !== undefined && !splitModelId(resolveAlias(aliases, model))) {
    const message = `'${model}' is neither provider/name nor an alias of llm.aliases`;
    const hint = "Write provider/model, for example openai/gpt-4o-mini";
    return { errors: [findingAt(place, ["model"], message, hint)], warnings };
  }
  return {
    trigger: { name, content: body.trim(), model, webhook },
    ...(model !== undefined && { model: { place, path: ["model"], model } }),
    errors: [],
    warnings,
  };
};

/**
 * Reads `triggers/<name>.md`.
 *
 * @param aliases `llm.aliases` of the manifest, which the trigger's `model` may name.
 * @returns Undefined when the file does not exist or cannot be read; what is wrong when its frontmatter or its model is
 * invalid.
 */
export const readTrigger = async (
  dir: string,
  name: string,
  aliases: Readonly<Record<string, string>>,
): Promise<Trigger | { problem: string } | undefined> => {
  const read = triggerNamePattern.test(name) ? await readFile(dir, name, aliases) : undefined;
  if (!read || read.trigger) return read?.trigger;
  const problems = read.errors.map(({ path, message }) =>
    path === "" ? message : `${path} of its frontmatter ${message}`,
  );
  return { problem: problems.join("; ") };
};

/**
 * Warns at load of triggers that cannot be fired, and of what is odd in them; the formation runs all the same.
 *
 * @returns The models that the others name.
 */
export const checkTriggers = async (
  { dir, report }: LoadContext,
  aliases: Readonly<Record<string, string>>,
): Promise<Reference[]> => {
  const files = await markdownFiles(dir);
  for (const file of files.filter((name) => !triggerNamePattern.test(nameOf(name)))) {
    const message = "is not a trigger, because of its name";
    const hint = "Name it with letters, digits, _ and - alone";
    report.warnings.push({ file: `triggers/${file}`, path: "", message, hint });
  }
  const models: Reference[] = [];
  for (const name of await triggerNames(dir)) {
    const read = await readFile(dir, name, aliases);
    report.warnings.push(...(read?.errors ?? []), ...(read?.warnings ?? []));
    if (read?.model) models.push(read.model);
  }
  return models;
};
