import type { Citation } from "muxi-client";
import { printable } from "../../terminal/index.ts";

const placeOf = ({ document, page, slide, sheet }: Citation): string =>
  [
    document,
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(slide === undefined ? [] : [`slide ${slide}`]),
    ...(sheet === undefined ? [] : [`sheet ${sheet}`]),
  ].join(", ");

/** The passages that an answer rests on, each as a line: documents may hold anything. */
export const sourceLines = (citations: readonly Citation[]): string[] =>
  citations.map((citation) => {
    const { index, heading, quote } = citation;
    const under = heading === "" ? "" : ` (${heading})`;
    return printable(`[${index}] ${placeOf(citation)}${under}: ${quote}`).replaceAll(/\s+/g, " ");
  });
