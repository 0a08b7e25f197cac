import { cpus } from "node:os";
import { formatNumber, tableRow } from "./page.ts";
import { type Row, type Scenario, startRows } from "./scenarios.ts";
import type { Line } from "./suite.ts";

/** What the others are compared with. */
const base = "lean";
/** Cores of foreign work up to which a line counts as clean. */
const cleanUpTo = 0.12;

const median = (values: readonly number[]): number | undefined => {
  const known = values.filter(Number.isFinite).sort((a, b) => a - b);
  return known[(known.length - 1) >> 1];
};

interface Cell {
  value: number | undefined;
  clean: boolean;
}

/** The median of the clean lines or, where there is none, the line with the least foreign work. */
const cellOf = (lines: readonly Line[], target: string, scenario: string, figure: string): Cell => {
  const measured = lines.filter((line) => line.target === target && line.scenario === scenario);
  const clean = measured.filter(({ spent }) => spent.foreign <= cleanUpTo);
  const used =
    clean.length > 0 ? clean : measured.sort((a, b) => a.spent.foreign - b.spent.foreign).slice(0, 1);
  return {
    value: median(used.map(({ figures }) => figures[figure] ?? Number.NaN)),
    clean: clean.length > 0,
  };
};

const table = (lines: readonly Line[], scenarios: readonly Scenario[]): string[] => {
  const names = [...new Set(lines.map(({ target }) => target))];
  const rows = [{ name: "start", rows: startRows }, ...scenarios].flatMap((scenario) =>
    scenario.rows.map((row: Row) => ({ scenario: scenario.name, row })),
  );
  const body = rows.flatMap(({ scenario, row: [figure, label] }) => {
    const compared = cellOf(lines, base, scenario, figure).value;
    const cells = names.map((name) => {
      const { value, clean } = cellOf(lines, name, scenario, figure);
      if (value === undefined) return "";
      const ratio = name !== base && compared && value > 0 ? ` (${(value / compared).toFixed(2)}x)` : "";
      return `${formatNumber(value)}${clean ? "" : "*"}${ratio}`;
    });
    return cells.every((cell) => cell === "") ? [] : [tableRow([label, ...cells])];
  });
  return [tableRow(["", ...names]), tableRow(["---", ...names.map(() => "---:")]), ...body];
};

interface Aim {
  text: string;
  target: string;
  scenario: string;
  figure: string;
  /** At most this; `leastOfBase` instead asks for a part of what the base reaches. */
  most?: number;
  leastOfBase?: number;
}

const aims: readonly Aim[] = [
  {
    text: "chats/s at 32 at once, part of lean's",
    target: "muxi",
    scenario: "c32",
    figure: "perSecond",
    leastOfBase: 0.5,
  },
  { text: "first token p50 direct, ms", target: "muxi", scenario: "latency", figure: "firstP50", most: 2 },
  {
    text: "first token p50 through the server, ms",
    target: "muxi-server",
    scenario: "latency",
    figure: "firstP50",
    most: 3,
  },
  { text: "KB per open stream", target: "muxi", scenario: "streams1000", figure: "kbPerStream", most: 20 },
  { text: "start, ms", target: "muxi", scenario: "start", figure: "startMs", most: 400 },
  { text: "idle memory, MB", target: "muxi", scenario: "start", figure: "idleMb", most: 80 },
];

const aimRows = (lines: readonly Line[]): string[] =>
  aims.flatMap(({ text, target, scenario, figure, most, leastOfBase }) => {
    const { value, clean } = cellOf(lines, target, scenario, figure);
    const compared = cellOf(lines, base, scenario, figure).value;
    const reached =
      leastOfBase === undefined ? value : value !== undefined && compared ? value / compared : undefined;
    if (reached === undefined) return [];
    const met = most === undefined ? reached >= (leastOfBase ?? 0) : reached <= most;
    const aim = most === undefined ? `at least ${leastOfBase}` : `at most ${most}`;
    return [tableRow([text, aim, `${formatNumber(reached)}${clean ? "" : "*"}`, met ? "yes" : "no"])];
  });

export interface ReportOptions {
  lines: readonly Line[];
  scenarios: readonly Scenario[];
  rounds: number;
  /** Targets that were left out, with the reason. */
  leftOut: readonly string[];
  /** ISO date of the figures. */
  date: string;
  built: boolean;
}

/** The figures as Markdown. */
export const report = ({ lines, scenarios, rounds, leftOut, date, built }: ReportOptions): string => {
  const foreign = median(lines.map(({ spent }) => spent.foreign)) ?? 0;
  const clean = lines.filter(({ spent }) => spent.foreign <= cleanUpTo).length;
  const facts = [
    `${date}, ${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.versions.node}`,
    `MUXI ${built ? "as built" : "from source (not built)"}, rounds: ${rounds}`,
    `${clean} of ${lines.length} measurements clean, other work in the median ${foreign.toFixed(2)} cores`,
  ];
  const reached = aimRows(lines);
  return [
    `${facts.join("; ")}.`,
    ...leftOut.map((reason) => `\nLeft out: ${reason}.`),
    "",
    ...table(lines, scenarios),
    ...(reached.length === 0
      ? []
      : [
          "",
          tableRow(["aim", "wanted", "measured", "met"]),
          tableRow(["---", "---", "---:", "---"]),
          ...reached,
        ]),
  ].join("\n");
};
