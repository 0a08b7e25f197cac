import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import * as z from "zod";
import { isHidden, isMissing, type Mapping, readTextInside } from "./base/index.ts";
import { readFrontmatter } from "./frontmatter.ts";

/** A standard operating procedure (docs/spec/formation-files.md "SOP files"). */
export interface Sop {
  /** File name without its extension. */
  name: string;
  title: string;
  /** The steps, with their directives. */
  steps: string[];
  /** Ids in `[agent:…]` directives, and paths in `[file:…]` directives. */
  agents: string[];
  files: string[];
  content: string;
  metadata: Mapping;
}

const mostFiles = 500;

/** Keys of a procedure's frontmatter; others are kept as they are. */
export const sopFrontmatter = z.looseObject({ type: z.literal("sop"), name: z.string().optional() });

const namedBy = (directive: string, text: string): string[] => [
  ...new Set(
    [...text.matchAll(new RegExp(`\\[${directive}:([^\\]\\s]+)\\]`, "g"))].map(([, name = ""]) => name),
  ),
];

/** The numbered items below the heading "Steps", else the headings "Step N: …". */
const stepsOf = (body: string): string[] => {
  const [, below] = /^#+[ \t]+steps[ \t]*$([\s\S]*?)(?=^#|(?![\s\S]))/im.exec(body) ?? [];
  const numbered = [...(below ?? "").matchAll(/^[ \t]*\d+[.)][ \t]+(.+)$/gm)];
  const headings = [...body.matchAll(/^#+[ \t]+step[ \t]+\d+[ \t]*:?[ \t]*(.*)$/gim)];
  return (numbered.length > 0 ? numbered : headings).map(([, step = ""]) => step.trim());
};

const markdownIn = async (dir: string, folder: string): Promise<string[]> => {
  try {
    const names = await readdir(`${dir}/${folder}`, { recursive: true });
    return names.filter((name) => name.endsWith(".md") && !isHidden(name)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/**
 * Reads the procedures below `sops/`.
 *
 * @param dir Formation folder.
 * @returns Sorted by path, without other files and broken ones. Of several with one name the first is kept.
 */
export const readSops = async (dir: string): Promise<Sop[]> => {
  const sops = new Map<string, Sop>();
  for (const file of (await markdownIn(dir, "sops")).slice(0, mostFiles)) {
    const read = await readTextInside(dir, `sops/${file}`);
    if ("problem" in read) continue;
    const parts = readFrontmatter(read.text);
    if ("problem" in parts) continue;
    const { success, data } = sopFrontmatter.safeParse(parts.data);
    const name = basename(file, ".md");
    if (!success || sops.has(name)) continue;
    sops.set(name, {
      name,
      title: data.name ?? name,
      steps: stepsOf(parts.body),
      agents: namedBy("agent", parts.body),
      files: namedBy("file", parts.body),
      content: parts.body,
      metadata: parts.data,
    });
  }
  return [...sops.values()];
};
