import type { Finding } from "./base/index.ts";
import type { MarkdownFile } from "./frontmatter.ts";
import { oddPlaceholders, type PlaceholderKind } from "./placeholders.ts";

/** A warning for frontmatter whose last line is missing, so that it is text. */
export const openFrontmatter = (file: string, { isOpen }: MarkdownFile): Finding[] => {
  const message = "has frontmatter that no second line --- ends, so it is read as text";
  return isOpen ? [{ file, path: "", message, hint: "Add the line ---", line: 1 }] : [];
};

/** Findings about placeholders in a file's text, each with its line and column. */
export const placeholderFindings = (
  file: string,
  { body, linesBefore }: Pick<MarkdownFile, "body" | "linesBefore">,
  kind: PlaceholderKind,
): Finding[] =>
  oddPlaceholders(body, kind).map(({ offset, message, hint }) => {
    const before = body.slice(0, offset).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    const line = linesBefore + before.length;
    return { file, path: "", message: `${message} (column ${column})`, hint, line };
  });
