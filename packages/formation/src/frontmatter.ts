import { type Finding, parseSource, type SourceFile } from "./base/index.ts";

const block = /^---[ \t]*\n(?:([\s\S]*?)\n)?---[ \t]*(?:\n|$)/;

/** A Markdown file in its two parts. */
export interface MarkdownFile {
  /** The frontmatter; without fields when the file has none. */
  source: SourceFile;
  body: string;
  /** Lines of the file before the body. */
  linesBefore: number;
  /** Whether it begins like frontmatter that never ends. */
  isOpen: boolean;
}

/**
 * Splits a Markdown file into frontmatter and body. A leading `---` without a closing line is ordinary text
 * (docs/spec/formation-files.md "Trigger files").
 *
 * @param file Relative to the formation folder.
 * @param text Its lines end with `\n` alone.
 * @returns The problem, without any of the content, when the frontmatter is not a YAML mapping.
 */
export const readFrontmatter = (file: string, text: string): MarkdownFile | { problem: Finding } => {
  const [head = "", yaml = ""] = block.exec(text) ?? [];
  const read = parseSource(file, yaml.replace(/^\s*(#.*)?$/gm, "") === "" ? "{}" : yaml, 1);
  if ("problem" in read) {
    return { problem: { ...read.problem, message: `its frontmatter ${read.problem.message}` } };
  }
  return {
    source: read.source,
    body: text.slice(head.length),
    linesBefore: head.split("\n").length - 1,
    isOpen: head === "" && /^---[ \t]*\n[ \t]*[\w-]+:/.test(text),
  };
};
