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
  files: string[];
  isParallel: boolean;
  /** Whether the procedure ends when it fails. */
  isCritical: boolean;
}

const directive = /\[(?:(agent|mcp|skill|model|file):([^[\]]+)|(parallel|critical))\]/gi;

/** Reads a step from its lines. Brackets that are no directive stay in the text, and so do the names of files. */
const stepOf = (lines: readonly string[]): SopStep => {
  const named = new Map<string, string[]>();
  const flags = new Set<string>();
  const withoutDirectives = (line: string): string => {
    let text = "";
    let from = 0;
    for (const match of line.matchAll(directive)) {
      const [whole, kind, value = "", flag = ""] = match;
      const name = value.trim();
      if (kind !== undefined && (name === "" || /\s/.test(name))) continue;
      text += line.slice(from, match.index).trimEnd();
      from = match.index + whole.length;
      const key = kind?.toLowerCase();
      if (key === undefined) flags.add(flag.toLowerCase());
      else named.set(key, [...(named.get(key) ?? []), name]);
      if (key === "file") text += ` ${name}`;
    }
    return (text + line.slice(from)).trimEnd();
  };
  const plain = lines.map(withoutDirectives);
  const text = plain.join("\n").trim();
  return {
    title: text.split("\n", 1)[0] ?? "",
    text,
    agent: named.get("agent")?.[0],
    model: named.get("model")?.[0],
    tools: named.get("mcp") ?? [],
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

/** Text of a heading, without the marks that may close it too. */
const headingIn = (text: string): { level: number; title: string } | undefined => {
  const [marks] = /^#{1,6}(?=[ \t])/.exec(text) ?? [];
  if (marks === undefined) return undefined;
  let title = text.slice(marks.length).trim();
  while (title.endsWith("#")) title = title.slice(0, -1);
  return { level: marks.length, title: title.trim() };
};

const itemIn = (text: string): { indent: number; text: string } | undefined => {
  const written = text.trimStart();
  const [number] = /^\d+[.)](?=[ \t])/.exec(written) ?? [];
  if (number === undefined) return undefined;
  return { indent: text.length - written.length, text: written.slice(number.length).trimStart() };
};

const linesOf = (body: string): Line[] => {
  let open: string | undefined;
  return body.split(/\r?\n/).map((text) => {
    const [, mark] = fence.exec(text) ?? [];
    const isCode = open !== undefined || mark !== undefined;
    if (open === undefined) open = mark;
    else if (mark?.startsWith(open)) open = undefined;
    const heading = isCode ? undefined : headingIn(text);
    return {
      text,
      level: heading?.level ?? Number.POSITIVE_INFINITY,
      title: heading?.title,
      item: isCode ? undefined : itemIn(text),
    };
  });
};

const stepNumber = /^(?:step[ \t]+\d+|\d+[.)])/i;
const sectionTitle = /^(?:steps?|procedure|process|workflow)\b/i;

const titleOfStep = ({ title }: Line): string | undefined => {
  const [number] = (title !== undefined && stepNumber.exec(title)) || [];
  if (title === undefined || number === undefined) return undefined;
  return title
    .slice(number.length)
    .trimStart()
    .replace(/^[:.)–—-]/, "")
    .trimStart();
};

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
