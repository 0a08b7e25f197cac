import { open, readdir, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";
import { type Format, formatOf, signatureOf } from "@muxi/documents";
import { isHidden, resolveInside } from "./base/index.ts";
import type { Formation } from "./formation.ts";
import type { KnowledgeConfig } from "./schema/knowledge.ts";
import type { KnowledgeSource } from "./schema/knowledge-source.ts";

/** Why a file of a source is not read. */
export type LeftOutReason = "type" | "link" | "size" | "limit" | "content" | "password";

export interface DocumentFile {
  file: string;
  format: Format;
}

/** The documents of a source. Paths are relative to the formation folder, with forward slashes. */
export interface SourceFiles {
  /** In the order in which they are read. */
  files: DocumentFile[];
  leftOut: { file: string; reason: LeftOutReason }[];
}

/** As many files are looked at before others get their turn: a folder may hold a hundred thousand. */
const atOnce = 1_000;

async function* inTurns<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const [index, item] of items.entries()) {
    if (index % atOnce === atOnce - 1) await nextTick();
    yield item;
  }
}

const candidates = async (dir: string, { path = "", recursive, allowed_extensions }: KnowledgeSource) => {
  const place = join(dir, path);
  if (!(await stat(place)).isDirectory()) return [place];
  const entries = await readdir(place, { withFileTypes: true, recursive });
  const files: string[] = [];
  for await (const entry of inTurns(entries)) {
    const file = join(entry.parentPath, entry.name);
    const isWanted = allowed_extensions?.includes(extname(file).toLowerCase()) ?? true;
    if (!entry.isDirectory() && isWanted && !isHidden(relative(place, file))) files.push(file);
  }
  return files.sort();
};

/** The sources of all agents that are in the formation's folder, relative to it. */
export const knowledgePaths = ({ dir, agents }: Pick<Formation, "dir" | "agents">): string[] => {
  const sources = agents.flatMap(({ knowledge }) => (knowledge?.enabled ? knowledge.sources : []));
  const paths = sources.flatMap(({ path }) => (path === undefined ? [] : [relative(dir, join(dir, path))]));
  return [...new Set(paths)];
};

/**
 * The documents of a source, and what its limits leave out (docs/spec/formation-files.md "Knowledge"). Files that the
 * author has excluded, or that are hidden, are in neither list.
 *
 * @param dir Formation folder.
 * @param source One with a path that exists.
 */
export const knowledgeFiles = async (
  dir: string,
  source: KnowledgeSource,
  { max_file_size }: Pick<KnowledgeConfig, "max_file_size">,
): Promise<SourceFiles> => {
  const found: SourceFiles = { files: [], leftOut: [] };
  for await (const place of inTurns(await candidates(dir, source))) {
    const file = relative(dir, place).split(sep).join("/");
    const format = formatOf(file);
    if (!format) {
      found.leftOut.push({ file, reason: "type" });
      continue;
    }
    // Those beyond the limit are not opened.
    const reason =
      found.files.length === source.file_limit
        ? "limit"
        : ((await reasonAgainst(dir, file, max_file_size)) ?? (await reasonInside(place, format)));
    if (reason) found.leftOut.push({ file, reason });
    else found.files.push({ file, format });
  }
  return found;
};

/** As much of a file as shows its format. */
const signatureLength = 1024;

const reasonInside = async (place: string, format: Format): Promise<LeftOutReason | undefined> => {
  await using file = await open(place);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(signatureLength) });
  const signature = signatureOf(format, buffer.subarray(0, bytesRead));
  if (signature === "encrypted") return "password";
  return signature === "wrong" ? "content" : undefined;
};

const reasonAgainst = async (
  dir: string,
  file: string,
  largest: number,
): Promise<LeftOutReason | undefined> => {
  const real = await resolveInside(dir, file);
  if (real === undefined) return "link";
  const info = await stat(real);
  if (!info.isFile()) return "type";
  return info.size > largest ? "size" : undefined;
};

const mostNamed = 5;

const named = (files: readonly string[]): string =>
  files.length <= mostNamed
    ? files.join(", ")
    : `${files.slice(0, mostNamed).join(", ")} and ${files.length - mostNamed} more`;

/** One sentence for each reason for which files of a source are not read, and its remedy; empty when all are read. */
export const describeLeftOut = (
  { files, leftOut }: SourceFiles,
  { file_limit }: KnowledgeSource,
  { max_file_size }: Pick<KnowledgeConfig, "max_file_size">,
): { message: string; hint: string }[] => {
  const sentences: Record<LeftOutReason, { message: string; hint: string }> = {
    type: {
      message: "not read, because documents of their type are not",
      hint: "Save them in a format that is read, such as .md, .pdf or .docx, or name the endings that you want in allowed_extensions",
    },
    link: {
      message: "not read, because they are links that lead nowhere or out of the formation folder",
      hint: "Put the files themselves into the folder",
    },
    size: {
      message: `not read, because they are larger than max_file_size (${max_file_size} bytes)`,
      hint: "Raise knowledge.max_file_size, or split them",
    },
    content: {
      message: "not read, because their content is not of the format that their names say",
      hint: "Save them anew in a format that is read",
    },
    password: {
      message: "not read, because they are protected by a password",
      hint: "Save them without one",
    },
    limit: {
      message: `left out, because file_limit (${file_limit}) lets only the first ${files.length} be read`,
      hint: "Raise file_limit of this source",
    },
  };
  return (["limit", "type", "size", "link", "content", "password"] as const).flatMap((reason) => {
    const of = leftOut.filter((each) => each.reason === reason).map(({ file }) => file);
    if (of.length === 0) return [];
    const { message, hint } = sentences[reason];
    return [{ message: `${of.length} file(s) are ${message}: ${named(of)}`, hint }];
  });
};
