import type { DocumentPassage } from "@muxi/documents";

/** A passage of a document. */
export interface KnowledgePassage extends DocumentPassage {
  /** File, relative to the formation. */
  source: string;
}

/** Where a passage is from, in words that users understand: the file, and the page, slide or sheet. */
export const placeOf = ({ source, part, page, slide, sheet }: KnowledgePassage): string =>
  [
    part === undefined ? source : `${source}/${part}`,
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(slide === undefined ? [] : [`slide ${slide}`]),
    ...(sheet === undefined ? [] : [`sheet ${sheet}`]),
  ].join(", ");
