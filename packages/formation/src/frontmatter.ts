import { isObject } from "@muxi/protocol";
import { parseDocument } from "yaml";
import type { Mapping } from "./base/index.ts";

const block = /^---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?---[ \t]*(?:\r?\n|$)/;

/**
 * Splits a Markdown file into frontmatter and body. A leading `---` without a closing line is ordinary text
 * (docs/spec/formation-files.md "Trigger files").
 *
 * @returns The problem, without any of the content, when the frontmatter is not a YAML mapping.
 */
export const readFrontmatter = (text: string): { data: Mapping; body: string } | { problem: string } => {
  const found = block.exec(text);
  if (!found) return { data: {}, body: text };
  const document = parseDocument(found[1] ?? "", { prettyErrors: false });
  if (document.errors.length > 0) return { problem: "its frontmatter is not valid YAML" };
  let data: unknown;
  try {
    data = document.toJS() ?? {};
  } catch (error) {
    // An alias without its anchor, or too many of them.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return { problem: "its frontmatter has aliases that cannot be resolved" };
  }
  if (!isObject(data)) return { problem: "its frontmatter must be a mapping of fields" };
  return { data, body: text.slice(found[0].length) };
};
