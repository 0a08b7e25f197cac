import type { DocumentPassage } from "@muxi/documents";
import { type DocumentFilter, passagesOfOne, type StoredPassage } from "../store/index.ts";
import { passageKey } from "./key.ts";

/** A passage of a document that was found. */
export interface KnowledgePassage extends DocumentPassage {
  /** Its number; those of one document follow one another as their passages do. */
  id: number;
  /** The number of the last one, where passages that follow one another were joined; else its own. */
  last: number;
  /** What was joined, in order; absent where nothing was. */
  parts?: readonly KnowledgePassage[];
  /** What it is known by for as long as its text and the name of its document stay. */
  key: string;
  /** The number of its document. Both are new when the document is read anew. */
  document: number;
  /** File, relative to the formation, or its address. */
  source: string;
  /** Which source elsewhere it came from; empty for those of the formation's folder. */
  origin: string;
  /** Titles from the document's down to its section's, where it was found by the outline. */
  nodePath?: string;
  /** How well it fits; it compares only with those of the same search. */
  score: number;
}

export const passageOf = (
  { id, key, content: text, place, source, origin }: StoredPassage,
  score: number,
): KnowledgePassage => {
  const stands = JSON.parse(place) as Omit<DocumentPassage, "text">;
  const document = Math.floor(id / passagesOfOne);
  return {
    ...stands,
    id,
    last: id,
    key: key ?? passageKey(source, { ...stands, text }),
    document,
    source,
    origin,
    score,
    text,
  };
};

/** What a search may give. */
export interface SearchOptions {
  /** Most passages. Default: 20. */
  limit?: number;
  /**
   * Most tokens of all of them together: the best passage is given whatever it takes, and what fits far less well is left
   * out, unless there is no limit (`Infinity`). Default: `knowledge.max_context_tokens` of the agent.
   */
  tokens?: number;
  /** Messages of the user before the question, the oldest first: it may lean on them. */
  earlier?: readonly string[];
  /** Only what stands in some documents. */
  filter?: DocumentFilter;
}

/** Where a passage is from, in words that users understand: the file, and the page, slide or sheet. */
export const placeOf = ({ source, part, page, slide, sheet }: KnowledgePassage): string =>
  [
    part === undefined ? source : `${source}/${part}`,
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(slide === undefined ? [] : [`slide ${slide}`]),
    ...(sheet === undefined ? [] : [`sheet ${sheet}`]),
  ].join(", ");
