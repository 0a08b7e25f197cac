import type { KnowledgePassage } from "./place.ts";

/** A shorter repetition is chance. */
const shortestOverlap = 8;

/** How many characters a text repeats of the end of the one before it. */
const overlapOf = (before: string, text: string): number => {
  if (text.length < shortestOverlap) return 0;
  const start = text.slice(0, shortestOverlap);
  let at = before.indexOf(start, before.length - text.length);
  while (at !== -1 && !text.startsWith(before.slice(at))) at = before.indexOf(start, at + 1);
  return at === -1 ? 0 : before.length - at;
};

/** The header of a table at the beginning of a text, with the line below it. */
const tableHead = /^\|[^\n]*\|\n\|(?: ?-+ ?\|)+\n/;

/** A passage's text without what the passage before it has said: its heading, the header of its table, the overlap. */
const continued = (before: KnowledgePassage, passage: KnowledgePassage): string => {
  const heading = passage.headings.at(-1);
  const isSameSection =
    passage.headings.length === before.headings.length &&
    passage.headings.every((each, level) => each === before.headings[level]);
  if (!isSameSection) return `\n\n${passage.text}`;
  const body = heading === undefined ? passage.text : passage.text.slice(heading.length + 1);
  const [head] = tableHead.exec(body) ?? [];
  if (head !== undefined && before.text.includes(head)) return `\n${body.slice(head.length)}`;
  const overlap = overlapOf(before.text, body);
  return overlap === 0 ? `\n${body}` : body.slice(overlap);
};

const linesOf = ({ lines: one }: KnowledgePassage, { lines: other }: KnowledgePassage) =>
  one && other ? { lines: [Math.min(one[0], other[0]), Math.max(one[1], other[1])] as const } : {};

const isNext = (one: KnowledgePassage, other: KnowledgePassage): boolean =>
  other.id === one.last + 1 &&
  other.document === one.document &&
  other.part === one.part &&
  other.sheet === one.sheet &&
  other.slide === one.slide;

const joined = (one: KnowledgePassage, other: KnowledgePassage): KnowledgePassage => ({
  ...one,
  ...linesOf(one, other),
  last: other.last,
  parts: [...(one.parts ?? [one]), other],
  text: one.text + continued(one, other),
  score: Math.max(one.score, other.score),
});

/**
 * Makes one passage of those that follow one another in their document, without what they repeat. The best come first, as
 * they did.
 */
export const withNeighboursJoined = (passages: readonly KnowledgePassage[]): KnowledgePassage[] => {
  const runs: KnowledgePassage[] = [];
  for (const passage of passages.toSorted((a, b) => a.id - b.id)) {
    const before = runs.at(-1);
    if (before && isNext(before, passage)) runs[runs.length - 1] = joined(before, passage);
    else runs.push(passage);
  }
  return runs.length === passages.length ? [...passages] : runs.sort((a, b) => b.score - a.score);
};
