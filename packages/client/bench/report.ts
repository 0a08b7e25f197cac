import { cpus } from "node:os";
import { formatNumber, tableRow } from "../../../bench/page.ts";
import { chunkSizes } from "./measure.ts";
import { byHand, ours, oursOnNode, parserAlone, type Subject } from "./subjects.ts";

/** One figure of one subject. */
export interface Line {
  figure: string;
  subject: string;
  value: number;
}

const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];

/** The rows of the table, and whether more is better. */
const rows = [
  ...chunkSizes.map((size) => ({
    figure: `parse ${size}`,
    label: `events per s of CPU, chunks of ${size} bytes`,
  })),
  { figure: "long event", label: "one event of 4 MB in chunks of 1 KB, ms of CPU" },
  { figure: "cpu per event", label: "over a socket: CPU per event, µs" },
  { figure: "requests 1", label: "requests/s, one after the other" },
  { figure: "requests 64", label: "requests/s, 64 at once" },
  { figure: "import", label: "import, ms of CPU" },
];

interface Goal {
  text: string;
  figure: string;
  of: Subject;
  /** What it is divided by; the figure itself counts without it. */
  by?: string;
  least?: number;
  most?: number;
}

const anthropic = "@anthropic-ai/sdk";

const goals: readonly Goal[] = [
  ...chunkSizes.flatMap((size): Goal[] => {
    const figure = `parse ${size}`;
    return [
      {
        text: `our parser, part of the one by hand, ${size} B`,
        figure,
        of: parserAlone,
        by: byHand.name,
        least: 0.95,
      },
      {
        text: `our parser, times ${anthropic}, ${size} B`,
        figure,
        of: parserAlone,
        by: anthropic,
        least: 1.4,
      },
      { text: `our parser, times openai, ${size} B`, figure, of: parserAlone, by: "openai", least: 3 },
    ];
  }),
  { text: "one event of 4 MB, ms of CPU", figure: "long event", of: ours, most: 150 },
  { text: "CPU per event, times by hand", figure: "cpu per event", of: ours, by: byHand.name, most: 1.25 },
  ...["requests 1", "requests 64"].flatMap((figure): Goal[] => [
    { text: `${figure} at once, part of plain fetch`, figure, of: ours, by: byHand.name, least: 0.9 },
    {
      text: `${figure} at once with muxi-client/node, times plain fetch`,
      figure,
      of: oursOnNode,
      by: byHand.name,
      least: 2,
    },
  ]),
  { text: "import, ms of CPU", figure: "import", of: ours, most: 10 },
];

export interface ReportOptions {
  lines: readonly Line[];
  subjects: readonly Subject[];
  rounds: number;
  /** ISO date of the figures. */
  date: string;
}

/** The figures as Markdown. */
export const report = ({ lines, subjects, rounds, date }: ReportOptions): string => {
  const figureOf = (figure: string, subject: string): number | undefined =>
    median(
      lines.filter((line) => line.figure === figure && line.subject === subject).map(({ value }) => value),
    );

  const cell = (figure: string, subject: string): string => {
    const value = figureOf(figure, subject);
    if (value === undefined) return "";
    const base = figureOf(figure, byHand.name);
    const ratio = subject !== byHand.name && base !== undefined ? ` (${(value / base).toFixed(2)}x)` : "";
    return formatNumber(value) + ratio;
  };

  const goalRow = ({ text, figure, of, by, least, most }: Goal): string[] => {
    const value = figureOf(figure, of.name);
    const base = by === undefined ? 1 : figureOf(figure, by);
    if (value === undefined || base === undefined) return [];
    const reached = value / base;
    const met = reached >= (least ?? 0) && reached <= (most ?? Number.POSITIVE_INFINITY);
    const wanted = least === undefined ? `at most ${most}` : `at least ${least}`;
    return [tableRow([text, wanted, formatNumber(reached), met ? "yes" : "no"])];
  };

  const names = subjects.map(({ name }) => name);
  const header = subjects.map(({ name, version }) => `${name} ${version}`.trim());
  return [
    `${date}, ${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.versions.node}; median of ${rounds} rounds.`,
    "",
    tableRow(["", ...header]),
    tableRow(["---", ...names.map(() => "---:")]),
    ...rows.map(({ figure, label }) => tableRow([label, ...names.map((name) => cell(figure, name))])),
    "",
    tableRow(["aim", "wanted", "measured", "met"]),
    tableRow(["---", "---", "---:", "---"]),
    ...goals.flatMap(goalRow),
  ].join("\n");
};
