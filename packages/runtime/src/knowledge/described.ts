import path from "node:path";
import { type KnowledgeSource, sourceId } from "@muxi/formation";
import { onOneLine } from "../text/index.ts";
import { originOf } from "./origin.ts";
import type { KnowledgePassage } from "./place.ts";

/** Most characters of titles and headings, which documents may have of any length. */
const longestTitle = 200;
const longestHeading = 300;

/** Of a text that is too long its beginning, with a sign that more follows. */
export const shortened = (text: string, most: number): string => {
  if (text.length <= most) return text;
  // Half of a character that takes two is no character.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
};

const has = ({ path: place }: KnowledgeSource, document: string): boolean =>
  place !== undefined && !/^\.\.(?:\/|$)/.test(path.posix.relative(place, document));

/** The source of an agent's knowledge that has a document; undefined when the formation no longer names it. */
export const sourceOf = (
  { source, origin }: Pick<KnowledgePassage, "source" | "origin">,
  sources: readonly KnowledgeSource[],
): KnowledgeSource | undefined =>
  sources.find((each) => (origin === "" ? has(each, source) : originOf(each) === origin));

/** Where a passage is from, as the API tells of it (docs/spec/formation-api.md "Citations"). */
export const describePassage = (passage: KnowledgePassage, sources: readonly KnowledgeSource[]) => {
  const { source: file, part, title, headings, nodePath, page, slide, sheet } = passage;
  const document = part === undefined ? file : `${file}/${part}`;
  const source = sourceOf(passage, sources);
  return {
    source: source ? sourceId(source) : file,
    document,
    title: shortened(onOneLine(title ?? path.posix.basename(document)), longestTitle),
    heading: shortened(headings.map(onOneLine).join(" › "), longestHeading),
    ...(nodePath !== undefined && { node_path: shortened(onOneLine(nodePath), longestHeading) }),
    ...(page !== undefined && { page }),
    ...(slide !== undefined && { slide }),
    ...(sheet !== undefined && { sheet }),
  };
};
