/** A step of a procedure: what one agent does (docs/spec/formation-files.md "Steps of a procedure"). */
export interface SopStep {
  /** Its first line, without directives. */
  title: string;
  /** All its lines, without directives. */
  text: string;
  agent: string | undefined;
  model: string | undefined;
  /** As `server/tool`, or the server alone. */
  tools: string[];
  /** As `name`, or `name/script`. */
  skills: string[];
  files: string[];
  isParallel: boolean;
  /** Whether the procedure ends when it fails. */
  isCritical: boolean;
}

const directive = /[ \t]*\[(?:(agent|mcp|skill|model|file):[ \t]*([^[\]\s]+)[ \t]*|(parallel|critical))\]/gi;

/** Reads a step from its lines. Brackets that are no directive stay in the text, and so do the names of files. */
const stepOf = (lines: readonly string[]): SopStep => {
  const named = new Map<string, string[]>();
  const flags = new Set<string>();
  const without = (_: string, kind?: string, value = "", flag = "") => {
    if (kind === undefined) {
      flags.add(flag.toLowerCase());
      return "";
    }
    const key = kind.toLowerCase();
    named.set(key, [...(named.get(key) ?? []), value]);
    return key === "file" ? ` ${value}` : "";
  };
  const plain = lines.map((line) => line.replace(directive, without).trimEnd());
  const text = plain.join("\n").trim();
  return {
    title: text.split("\n", 1)[0] ?? "",
    text,
    agent: named.get("agent")?.[0],
    model: named.get("model")?.[0],
    tools: named.get("mcp") ?? [],
    skills: named.get("skill") ?? [],
    files: named.get("file") ?? [],
    isParallel: flags.has("parallel"),
    isCritical: flags.has("critical"),
  };
};

/** A line of a procedure. In blocks of code nothing begins, and nothing ends. */
interface Line {
  text: string;
  /** Level of a heading; infinite for other lines. */
  level: number;
  /** Text of a heading. */
  title: string | undefined;
  /** What follows the number, and how far the number is indented. */
  item: { indent: number; text: string } | undefined;
}

const fence = /^[ \t]*(`{3,}|~{3,})/;
const heading = /^(#{1,6})[ \t]+(.*?)[ \t#]*$/;
const numbered = /^([ \t]*)\d+[.)][ \t]+(.*)$/;

const linesOf = (body: string): Line[] => {
  let open: string | undefined;
  return body.split(/\r?\n/).map((text) => {
    const [, mark] = fence.exec(text) ?? [];
    const isCode = open !== undefined || mark !== undefined;
    if (open === undefined) open = mark;
    else if (mark?.startsWith(open)) open = undefined;
    const [, marks, title] = (!isCode && heading.exec(text)) || [];
    const [, blank, item] = (!isCode && numbered.exec(text)) || [];
    return {
      text,
      level: marks?.length ?? Number.POSITIVE_INFINITY,
      title,
      item: item === undefined ? undefined : { indent: blank?.length ?? 0, text: item },
    };
  });
};

const stepTitle = /^(?:step[ \t]+\d+[ \t]*[:.)–—-]?|\d+[.)])[ \t]*(.*)$/i;
const sectionTitle = /^(?:steps?|procedure|process|workflow)\b/i;

const titleOfStep = ({ title }: Line): string | undefined =>
  title === undefined ? undefined : stepTitle.exec(title)?.[1];

/** From the first heading that announces steps to the next one of its level; everything when there is none. */
const sectionOf = (lines: readonly Line[]): { from: number; to: number } => {
  const announces = (line: Line) =>
    line.title !== undefined && sectionTitle.test(line.title) && titleOfStep(line) === undefined;
  const start = lines.findIndex(announces);
  const level = lines[start]?.level ?? 0;
  const end = lines.findIndex((line, index) => index > start && line.level <= level);
  return { from: start + 1, to: end === -1 ? lines.length : end };
};

/** A procedure as it is carried out. */
export interface SopText {
  steps: SopStep[];
  /** What stands outside of the steps: what it is for, limits, notes. */
  about: string;
}

/**
 * The steps of a procedure: the numbered items below its heading for steps, or the headings that are numbered, whichever
 * come first. Each has all lines up to the next one.
 *
 * @param body Markdown.
 */
export const readSteps = (body: string): SopText => {
  const lines = linesOf(body);
  const { from, to } = sectionOf(lines);
  const section = lines.slice(from, to);
  const indent = Math.min(...section.map(({ item }) => item?.indent ?? Number.POSITIVE_INFINITY));
  const isItem = ({ item }: Line) => item?.indent === indent;
  const firstTitle = lines.findIndex((line) => titleOfStep(line) !== undefined);
  const firstItem = section.findIndex(isItem);
  const isListed = firstItem !== -1 && (firstTitle === -1 || from + firstItem < firstTitle);
  const levelOfSteps = lines[firstTitle]?.level ?? 0;

  const steps: string[][] = [];
  const about: string[] = [];
  let open: string[] | undefined;
  for (const [index, line] of lines.entries()) {
    const isInside = !isListed || (index >= from && index < to);
    const first = isListed ? isInside && isItem(line) && line.item?.text : titleOfStep(line);
    const ends = isListed ? !isInside || line.title !== undefined : line.level <= levelOfSteps;
    if (typeof first === "string") {
      open = [first];
      steps.push(open);
      continue;
    }
    if (ends) open = undefined;
    if (open) open.push(line.text);
    else if (index !== from - 1) about.push(line.text);
  }
  return { steps: steps.map(stepOf).filter(({ text }) => text !== ""), about: about.join("\n").trim() };
};
