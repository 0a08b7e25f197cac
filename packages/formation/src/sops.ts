import { readdir, stat } from "node:fs/promises";
import { basename, dirname, posix } from "node:path";
import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { type Finding, isHidden, isMissing, type Mapping, readTextInside } from "./base/index.ts";
import { readFrontmatter } from "./frontmatter.ts";
import { openFrontmatter, placeholderFindings } from "./markdown-files.ts";
import { noPlaceholders } from "./placeholders.ts";
import { text, textList } from "./schema/common.ts";
import { unused } from "./schema/effects.ts";
import { readSteps, type SopText } from "./sop-steps.ts";
import { type Place, validate } from "./validate.ts";

/** A standard operating procedure (docs/spec/formation-files.md "SOP files"). */
export interface Sop extends SopText {
  /** File name without its extension. */
  name: string;
  title: string;
  description: string | undefined;
  mode: "template" | "guide";
  tags: string[];
  /** Whether it is only carried out once the user has said yes. */
  mustBeApproved: boolean;
  /** Model of all its steps that name none. */
  model: string | undefined;
  /** Whether the answer is written from all results; otherwise it is the last step's. */
  synthesis: boolean;
  /** Agents that its steps are for, and paths of files that they name; those of the whole text where it has no steps. */
  agents: string[];
  files: string[];
  /** Names in `[skill:…]` directives. */
  skills: string[];
  content: string;
  metadata: Mapping;
  /** Relative to the formation folder. */
  file: string;
}

/** Whether a procedure is to wait for a yes and cannot: only steps that are carried out as they are written can. */
export const cannotWait = ({ mustBeApproved, mode, steps }: Sop): boolean =>
  mustBeApproved && (mode === "guide" || steps.length === 0);

const mostFiles = 500;

/** What makes a file a procedure. */
const identity = lazy(() => z.looseObject({ type: z.literal("sop"), name: z.string().optional() }));

/** Keys of a procedure's frontmatter; others are kept as they are. */
export const sopFrontmatter = lazy(() =>
  identity().extend({
    description: text.optional(),
    mode: z.enum(["template", "guide"]).optional(),
    tags: textList.optional(),
    bypass_approval: z.boolean().optional(),
    model: text.optional(),
    synthesis: z.boolean().optional(),
    steps: unused("The steps are the numbered items below the heading Steps"),
  }),
);

/** The same keys as they are used: a value of a wrong kind, of which a warning tells, counts as none. */
const lenient = lazy(() =>
  identity().extend({
    description: z.string().optional().catch(undefined),
    mode: z.enum(["template", "guide"]).catch("template"),
    tags: textList.catch([]).transform((tags) =>
      tags
        .flatMap((tag) => tag.split(","))
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ""),
    ),
    /** What is no boolean was meant to restrict something. */
    bypass_approval: z.boolean().default(true).catch(false),
    model: z.string().optional().catch(undefined),
    synthesis: z.boolean().catch(true),
  }),
);

const unique = (names: readonly string[]): string[] => [...new Set(names)];

const namedBy = (directive: string, text: string): string[] =>
  unique(
    [...text.matchAll(new RegExp(`\\[${directive}:([^\\[\\]\\s]+)\\]`, "gi"))].map(([, name = ""]) => name),
  );

const markdownIn = async (dir: string, folder: string): Promise<string[]> => {
  try {
    const names = await readdir(`${dir}/${folder}`, { recursive: true });
    return names.filter((name) => name.endsWith(".md") && !isHidden(name)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** A file below `sops/`. */
export interface SopFile {
  /** Relative to the formation folder. */
  file: string;
  /** Absent when it is not a procedure. */
  sop?: Sop;
  /** Absent when its frontmatter cannot be read. */
  place?: Place;
  /** What is odd about it, and why it is not a procedure if its frontmatter looks like one. */
  warnings: Finding[];
}

const readFile = async (dir: string, file: string): Promise<SopFile> => {
  const read = await readTextInside(dir, file);
  if ("problem" in read) return { file, warnings: [read.problem] };
  const parts = readFrontmatter(file, read.text);
  if ("problem" in parts) return { file, warnings: [parts.problem] };
  const { source, body } = parts;
  const place = { source, base: [] };
  if (Object.keys(source.data).length === 0) return { file, place, warnings: openFrontmatter(file, parts) };
  const checked = validate(sopFrontmatter(), source.data, place);
  const warnings = [
    ...source.warnings,
    ...("errors" in checked ? checked.errors : []),
    ...checked.warnings,
    ...placeholderFindings(file, parts, noPlaceholders),
  ];
  const { success, data } = lenient().safeParse(source.data);
  if (!success) return { file, place, warnings };
  const { name: title, description, mode, tags, bypass_approval, model, synthesis } = data;
  const name = basename(file, ".md");
  const text = readSteps(body);
  const hasSteps = mode === "template" && text.steps.length > 0;
  const sop: Sop = {
    name,
    title: title ?? name,
    description,
    mode,
    tags,
    mustBeApproved: !bypass_approval,
    model,
    synthesis,
    ...text,
    agents: hasSteps ? unique(text.steps.flatMap(({ agent }) => agent ?? [])) : namedBy("agent", body),
    files: hasSteps ? unique(text.steps.flatMap(({ files }) => files)) : namedBy("file", body),
    skills: namedBy("skill", body),
    content: body,
    metadata: source.data,
    file,
  };
  return { file, sop, place, warnings };
};

/** Paths of the Markdown files below `sops/`, sorted, 500 at most. */
const sopPaths = async (dir: string): Promise<string[]> =>
  (await markdownIn(dir, "sops")).slice(0, mostFiles).map((file) => `sops/${file}`);

/** The Markdown files below `sops/`, sorted by path, 500 at most. */
export const readSopFiles = async (dir: string): Promise<SopFile[]> =>
  Promise.all((await sopPaths(dir)).map((file) => readFile(dir, file)));

/** Of several with one name the first is kept. */
const procedures = (files: readonly SopFile[]): Sop[] => {
  const sops = new Map<string, Sop>();
  for (const { sop } of files) if (sop && !sops.has(sop.name)) sops.set(sop.name, sop);
  return [...sops.values()];
};

/**
 * Reads the procedures below `sops/`.
 *
 * @param dir Formation folder.
 * @returns Sorted by path, without other files and broken ones. Of several with one name the first is kept.
 */
export const readSops = async (dir: string): Promise<Sop[]> => procedures(await readSopFiles(dir));

/** What changes with a file; undefined when it is gone. */
const stampOf = async (file: string): Promise<string | undefined> => {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/**
 * Reads the procedures of a folder again and again, but only the files that have changed.
 *
 * @returns Gives the same array as the time before when nothing has changed.
 */
export const createSopReader = (dir: string): (() => Promise<readonly Sop[]>) => {
  let known = new Map<string, { stamp: string | undefined; read: SopFile }>();
  let sops: readonly Sop[] = [];
  return async () => {
    const paths = await sopPaths(dir);
    let hasChanged = paths.length !== known.size;
    const files = await Promise.all(
      paths.map(async (file) => {
        const stamp = await stampOf(`${dir}/${file}`);
        const before = known.get(file);
        if (before && before.stamp === stamp) return before;
        hasChanged = true;
        return { stamp, read: await readFile(dir, file) };
      }),
    );
    if (!hasChanged) return sops;
    known = new Map(files.map((each) => [each.read.file, each]));
    sops = procedures(files.map(({ read }) => read));
    return sops;
  };
};

/**
 * Where a file may stand that a procedure names with `[file:…]`: beside the procedure, in `sops/`, or in the formation.
 *
 * @param file The procedure.
 */
export const placesOf = (file: string, named: string): string[] =>
  [dirname(file), "sops", "."].map((folder) => posix.join(folder, named));

/**
 * Reads a file that a step names with `[file:…]`.
 *
 * @param dir Formation folder.
 * @param file The procedure, relative to it.
 */
export const readSopFile = async (
  dir: string,
  file: string,
  named: string,
): ReturnType<typeof readTextInside> => {
  const places = placesOf(file, named);
  for (const place of places) {
    const read = await readTextInside(dir, place);
    if ("text" in read) return read;
  }
  return readTextInside(dir, places.at(-1) ?? named);
};
