import type { DocumentPassage } from "@muxi/documents";

/** A passage of a document that was found. */
export interface KnowledgePassage extends DocumentPassage {
  /** Its number; those of one document follow one another as their passages do. */
  id: number;
  /** The number of its document. Both are new when the document is read anew. */
  document: number;
  /** File, relative to the formation. */
  source: string;
  /** How well it fits; it compares only with those of the same search. */
  score: number;
}

/** What a search may give. */
export interface SearchOptions {
  /** Most passages. */
  limit: number;
}

/** Where a passage is from, in words that users understand: the file, and the page, slide or sheet. */
export const placeOf = ({ source, part, page, slide, sheet }: KnowledgePassage): string =>
  [
    part === undefined ? source : `${source}/${part}`,
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(slide === undefined ? [] : [`slide ${slide}`]),
    ...(sheet === undefined ? [] : [`sheet ${sheet}`]),
  ].join(", ");
