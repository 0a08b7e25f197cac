import type { DocumentPassage } from "@muxi/documents";

/** What a passage is found by: its text, and what stands above it. */
export const searchedText = ({
  title = "",
  headings,
  text,
}: Pick<DocumentPassage, "title" | "headings" | "text">): string =>
  [...new Set([title, ...headings.slice(0, -1)]), text].join("\n");
