import path from "node:path";
import { formatOf } from "@muxi/documents";
import type { KnowledgeSource } from "@muxi/formation";
import { pathFilter, pathPattern } from "./path-pattern.ts";
import type { Fetched } from "./source.ts";

/**
 * Whether a file is one of the documents that a source wants, by its name alone.
 *
 * @param pattern Of its address; undefined where that has none.
 */
export const documentFilter = (
  source: Pick<KnowledgeSource, "allowed_extensions" | "include" | "exclude">,
  pattern: string | undefined,
): ((file: string, nameBelow: string) => boolean) => {
  const { allowed_extensions } = source;
  const matches = pattern === undefined ? () => true : pathPattern(pattern);
  const isWanted = pathFilter(source);
  return (file, nameBelow) => {
    const isAllowed = allowed_extensions?.includes(path.posix.extname(file).toLowerCase()) ?? true;
    return formatOf(file) !== undefined && isAllowed && matches(nameBelow) && isWanted(nameBelow);
  };
};

/** What becomes of a document that is larger than its source takes. */
export const tooLargeFor = ({ max_file_size }: Pick<KnowledgeSource, "max_file_size">): Fetched => ({
  kind: "left out",
  code: "too_large",
  reason: `it is larger than max_file_size of its source (${max_file_size} bytes)`,
});
