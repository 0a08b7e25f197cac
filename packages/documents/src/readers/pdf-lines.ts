import type { Block } from "../base/document.ts";

/** A line of a page, with the height of its letters and the distance from the bottom of the page. */
export interface Line {
  text: string;
  height: number;
  y: number;
}

/** Lines at each edge of a page that may belong to all pages. */
const edge = 2;
/** Fewer pages show nothing that repeats. */
const leastPages = 4;

/** A line without what counts pages. */
const withoutNumbers = (text: string): string => text.replace(/\d+/g, "#");

/** Leaves out what stands at the top or bottom of most pages, such as the title of a book and the number of the page. */
export const withoutRunningLines = (pages: readonly Line[][]): readonly Line[][] => {
  if (pages.length < leastPages) return pages;
  const counts = new Map<string, number>();
  for (const lines of pages) {
    const atEdges = [...lines.slice(0, edge), ...lines.slice(-edge)].map(({ text }) => withoutNumbers(text));
    for (const text of new Set(atEdges)) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return pages.map((lines) =>
    lines.filter(
      ({ text }, index) =>
        (index >= edge && index < lines.length - edge) ||
        (counts.get(withoutNumbers(text)) ?? 0) <= pages.length / 2,
    ),
  );
};

const rounded = (height: number): number => Math.round(height * 2) / 2;

/** The height in which most of the text is set. */
const commonHeight = (pages: readonly (readonly Line[])[]): number => {
  const lengths = new Map<number, number>();
  for (const { text, height } of pages.flat()) {
    lengths.set(rounded(height), (lengths.get(rounded(height)) ?? 0) + text.length);
  }
  return [...lengths].reduce((most, each) => (each[1] > most[1] ? each : most), [0, 0])[0];
};

const longestHeading = 200;
const lowestLevel = 6;
/** How much larger than most of the text the letters of a heading are. */
const headingHeight = 1.15;
/** The distance of two lines in heights of letters, beyond which a new paragraph begins. */
const paragraphGap = 1.75;

/** What stands before the items of lists, also in fonts of symbols. */
const bullet = /^[\u2022\u2023\u25aa\u25cf\u25e6\u2043\u2219\uf0a7\uf0b7\uf0d8]\s*/;

/** A word that is divided at the end of a line is one word. */
const joined = (lines: readonly Line[]): string =>
  lines
    .map(({ text }) => text)
    .reduce((before, text) =>
      /\p{Ll}-$/u.test(before) && /^\p{Ll}/u.test(text) ? before.slice(0, -1) + text : `${before}\n${text}`,
    );

/** The headings and paragraphs of each page. */
export const paragraphsOf = (pages: readonly (readonly Line[])[]): Block[][] => {
  const body = commonHeight(pages);
  const isLarge = ({ height }: Line) => height > body * headingHeight;
  const sizes = [
    ...new Set(
      pages
        .flat()
        .filter(isLarge)
        .map(({ height }) => rounded(height)),
    ),
  ].sort((a, b) => b - a);

  const blockOf = (lines: readonly Line[]): Block => {
    const [first] = lines;
    if (lines.every(({ text }) => bullet.test(text))) {
      return { kind: "list", text: lines.map(({ text }) => text.replace(bullet, "- ")).join("\n") };
    }
    const text = joined(lines);
    return first && isLarge(first) && text.length <= longestHeading
      ? {
          kind: "heading",
          text: text.replaceAll("\n", " "),
          level: Math.min(sizes.indexOf(rounded(first.height)) + 1, lowestLevel),
        }
      : { kind: "paragraph", text };
  };

  const isNext = (line: Line, before: Line): boolean => {
    const gap = before.y - line.y;
    const height = Math.max(line.height, before.height);
    return rounded(line.height) === rounded(before.height) && gap >= 0 && gap <= height * paragraphGap;
  };

  return pages.map((lines) => {
    const groups: Line[][] = [];
    for (const [index, line] of lines.entries()) {
      const before = lines[index - 1];
      const group = groups.at(-1);
      if (group && before && isNext(line, before)) group.push(line);
      else groups.push([line]);
    }
    return groups.map(blockOf);
  });
};
