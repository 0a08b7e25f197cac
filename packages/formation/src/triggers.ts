import { readdir } from "node:fs/promises";
import * as z from "zod";
import { isMissing, readTextInside } from "./base/index.ts";
import { readFrontmatter } from "./frontmatter.ts";
import type { LoadContext } from "./load-context.ts";
import { resolveAlias, splitModelId } from "./models.ts";
import { text } from "./schema/common.ts";

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
export const triggerFrontmatter = z.strictObject({
  name: text.optional(),
  type: text.optional(),
  model: text.optional(),
  webhook: z
    .url({ protocol: /^https?$/, error: "must be a URL that begins with http:// or https://" })
    .optional(),
  transformer: text.optional(),
  channel: text.optional(),
  parse: z.record(z.string(), z.unknown()).optional(),
});

/** The names of all triggers, sorted. */
export const triggerNames = async (dir: string): Promise<string[]> => {
  try {
    const files = await readdir(`${dir}/triggers`, { withFileTypes: true });
    return files
      .filter((file) => !file.isDirectory() && file.name.endsWith(".md"))
      .map((file) => file.name.slice(0, -".md".length))
      .filter((name) => triggerNamePattern.test(name))
      .sort()
      .slice(0, mostFiles);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
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
  if (!triggerNamePattern.test(name)) return undefined;
  const read = await readTextInside(dir, `triggers/${name}.md`);
  if ("problem" in read) return undefined;
  const parts = readFrontmatter(read.text);
  if ("problem" in parts) return parts;
  const { data, error } = triggerFrontmatter.safeParse(parts.data);
  if (!data) {
    const faults = error.issues.map(({ path, message }) =>
      [path.join("."), message].filter(Boolean).join(": "),
    );
    return { problem: `its frontmatter is invalid: ${faults.join("; ")}` };
  }
  const { model, webhook } = data;
  if (model !== undefined && !splitModelId(resolveAlias(aliases, model))) {
    return { problem: `its model '${model}' is neither provider/name nor an alias of llm.aliases` };
  }
  return { name, content: parts.body.trim(), model, webhook };
};

/** Warns at load of triggers that cannot be fired; the formation runs all the same. */
export const checkTriggers = async (
  { dir, report }: LoadContext,
  aliases: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const name of await triggerNames(dir)) {
    const trigger = await readTrigger(dir, name, aliases);
    if (trigger && "problem" in trigger) {
      report.warnings.push({ file: `triggers/${name}.md`, path: "", message: trigger.problem });
    }
  }
};
