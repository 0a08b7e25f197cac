import { cpus } from "node:os";
import { formatNumber, tableRow } from "../page.ts";
import type { Comparison } from "./part.ts";

/** The figures of one comparison: by contender, one for each round. */
export interface Measured {
  comparison: Comparison;
  rounds: readonly (readonly number[])[];
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** Rounds before the first that counts: until then V8 compiles. */
const warmUp = 2;

/**
 * Measures the contenders in turn, round by round, so that other work on the machine meets all of them. The one that
 * begins changes with the round.
 */
export const measure = async (comparison: Comparison, rounds: number): Promise<Measured> => {
  const { contenders } = comparison;
  const all: number[][] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const figures: number[] = [];
    for (let turn = 0; turn < contenders.length; turn++) {
      const at = (turn + round + warmUp) % contenders.length;
      figures[at] = (await contenders[at]?.sample()) ?? Number.NaN;
    }
    if (round >= 0) all.push(figures);
  }
  return { comparison, rounds: all };
};

const rowOf = ({ comparison, rounds }: Measured, at: number): string => {
  const { label, unit, contenders } = comparison;
  const column = (place: number) => rounds.map((figures) => figures[place] ?? Number.NaN);
  const ratios = rounds.map((figures) => (figures[at] ?? Number.NaN) / (figures[0] ?? Number.NaN));
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return tableRow([
    label,
    unit,
    formatNumber(median(column(0))),
    `${contenders[at]?.name}: ${formatNumber(median(column(at)))}`,
    `${median(ratios).toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`,
  ]);
};

/** The figures as Markdown. */
export const report = (measured: readonly Measured[], { date, rounds }: { date: string; rounds: number }) =>
  [
    `${date}, ${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.versions.node}; medians of ${rounds} rounds.`,
    "",
    tableRow(["", "unit", "ours", "other", "other / ours (range)"]),
    tableRow(["---", "---", "---:", "---:", "---:"]),
    ...measured.flatMap((each) =>
      each.comparison.contenders.slice(1).map((_, index) => rowOf(each, index + 1)),
    ),
  ].join("\n");
