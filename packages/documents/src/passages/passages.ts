import type { Block, Document, Place } from "../base/document.ts";
import { blockMarkdown } from "../base/markdown.ts";
import { packed, textOfPieces } from "./pack.ts";
import { type Piece, piecesOf, placeOf } from "./piece.ts";
import { type Section, sectionsOf } from "./sections.ts";
import { bySubject } from "./semantic.ts";

/** How a document is cut into passages (docs/spec/formation-files.md "Passages"). */
export interface PassageSettings {
  strategy: "adaptive" | "fixed" | "paragraph" | "semantic";
  /** Longest passage in characters, without its heading. */
  size: number;
  /** Characters that a passage repeats of the one before it, at most. */
  overlap: number;
}

/** A part of a document that can be read by itself, and where it stands. */
export interface DocumentPassage extends Place {
  /** With the heading that it stands below. */
  text: string;
  /** The headings that it stands below, the highest first. */
  headings: readonly string[];
  /** What the document is called. */
  title?: string;
}

const passageOf = (
  pieces: readonly Piece[],
  headings: readonly string[],
  title: string | undefined,
): DocumentPassage => {
  const { lines: _, ...place } = pieces[0]?.place ?? {};
  const lines = pieces.flatMap((piece) => piece.place.lines ?? []);
  const heading = headings.at(-1);
  const body = textOfPieces(pieces);
  return {
    ...place,
    ...(lines.length === 0 ? {} : { lines: [Math.min(...lines), Math.max(...lines)] as const }),
    text: heading === undefined ? body : `${heading}\n${body}`,
    headings,
    ...(title === undefined ? {} : { title }),
  };
};

/** The pieces of a section that go into passages together. */
const groupsOf = ({ blocks }: Section, { strategy, size }: PassageSettings): Piece[][] => {
  if (strategy === "paragraph") return blocks.map((block) => piecesOf(block, size));
  if (strategy === "semantic")
    return bySubject(blocks.flatMap((block) => piecesOf(block, size, "sentences")));
  return [blocks.flatMap((block) => piecesOf(block, size, strategy === "fixed" ? "words" : "long"))];
};

/** A document as if it had no structure: only its places are known. */
const flat = ({ blocks }: Pick<Document, "blocks">): Section[] => {
  const text = (block: Block): Block => ({
    ...placeOf(block),
    kind: "paragraph",
    text: blockMarkdown(block),
  });
  return [{ headings: [], blocks: blocks.map(text) }];
};

/** Cuts a document into passages. */
export function* passagesOf(
  document: Pick<Document, "title" | "blocks">,
  settings: PassageSettings,
): Generator<DocumentPassage> {
  const sections = settings.strategy === "fixed" ? flat(document) : sectionsOf(document);
  for (const section of sections) {
    for (const group of groupsOf(section, settings)) {
      for (const pieces of packed(group, settings.size, settings.overlap)) {
        const passage = passageOf(pieces, section.headings, document.title);
        if (passage.text !== "") yield passage;
      }
    }
  }
}
