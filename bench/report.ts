import { cpus } from "node:os";
import { formatNumber, tableRow } from "./page.ts";
import { type Row, type Scenario, startRows } from "./scenarios.ts";
import type { Line } from "./suite.ts";

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

const table = (lines: readonly Line[], scenarios: readonly Scenario[], base: string): string[] => {
  const names = [...new Set(lines.map(({ target }) => target))];
  const rows = [{ name: "start", rows: startRows }, ...scenarios].flatMap((scenario) =>
    scenario.rows.map((row: Row) => ({ scenario: scenario.name, row })),
  );
  const body = rows.flatMap(({ scenario, row: [figure, label, over] }) => {
    const measured = (name: string): Cell => {
      const { value, clean } = cellOf(lines, name, scenario, figure);
      if (over === undefined || value === undefined) return { value, clean };
      const less = cellOf(lines, over, scenario, figure).value;
      return { value: name === over || less === undefined ? undefined : value - less, clean };
    };
    const compared = measured(base).value;
    const cells = names.map((name) => {
      const { value, clean } = measured(name);
      if (value === undefined) return "";
      const ratio = name !== base && compared && value > 0 ? ` (${(value / compared).toFixed(2)}x)` : "";
      return `${formatNumber(value)}${clean ? "" : "*"}${ratio}`;
    });
    return cells.every((cell) => cell === "") ? [] : [tableRow([label, ...cells])];
  });
  return [tableRow(["", ...names]), tableRow(["---", ...names.map(() => "---:")]), ...body];
};

export interface Aim {
  text: string;
  target: string;
  scenario: string;
  figure: string;
  /** Less what this target takes. */
  over?: string;
  /** The aim is about the part of what the base reaches, and not about the figure. */
  ofBase?: boolean;
  /** The aim is about how many times the figure of this target is reached. */
  times?: string;
  most?: number;
  least?: number;
}

/** How the targets are compared. */
export interface Comparison {
  /** The target that ratios are to. */
  base: string;
  aims: readonly Aim[];
}

const aimRows = (lines: readonly Line[], { base, aims }: Comparison): string[] =>
  aims.flatMap(({ text, target, scenario, figure, over, ofBase, times, most, least }) => {
    const { value, clean } = cellOf(lines, target, scenario, figure);
    const less = over === undefined ? 0 : cellOf(lines, over, scenario, figure).value;
    const other = ofBase ? base : times;
    const divisor = other === undefined ? 1 : cellOf(lines, other, scenario, figure).value;
    if (value === undefined || less === undefined || !divisor) return [];
    const reached = (value - less) / divisor;
    const met = reached <= (most ?? Number.POSITIVE_INFINITY) && reached >= (least ?? 0);
    const aim = most === undefined ? `at least ${least}` : `at most ${most}`;
    return [tableRow([text, aim, `${formatNumber(reached)}${clean ? "" : "*"}`, met ? "yes" : "no"])];
  });

export interface ReportOptions {
  lines: readonly Line[];
  scenarios: readonly Scenario[];
  comparison: Comparison;
  rounds: number;
  /** Targets that were left out, with the reason. */
  leftOut: readonly string[];
  /** ISO date of the figures. */
  date: string;
  built: boolean;
}

/** The figures as Markdown. */
export const report = ({
  lines,
  scenarios,
  comparison,
  rounds,
  leftOut,
  date,
  built,
}: ReportOptions): string => {
  const foreign = median(lines.map(({ spent }) => spent.foreign)) ?? 0;
  const clean = lines.filter(({ spent }) => spent.foreign <= cleanUpTo).length;
  const facts = [
    `${date}, ${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.versions.node}`,
    `MUXI ${built ? "as built" : "from source (not built)"}, rounds: ${rounds}`,
    `${clean} of ${lines.length} measurements clean, other work in the median ${foreign.toFixed(2)} cores`,
  ];
  const reached = aimRows(lines, comparison);
  return [
    `${facts.join("; ")}.`,
    ...leftOut.map((reason) => `\nLeft out: ${reason}.`),
    "",
    ...table(lines, scenarios, comparison.base),
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
