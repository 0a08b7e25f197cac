import { tableRow } from "../../bench/page.ts";
import { kinds, type Question } from "./dialogues.ts";
import type { Result, Row } from "./measure.ts";

/** What a formation has to reach: the share of the questions that could be answered rightly. */
const goals: Partial<Record<Question["kind"], number>> = { changed: 0.95, time: 0.9, abstention: 0.95 };

const ours = "a formation";

/** The goals that are missed, each told. */
export const missedGoals = ({ rows, leaks }: Pick<Result, "rows" | "leaks">): string[] => [
  ...rows.flatMap(({ way, kind, right }) => {
    const goal = goals[kind] ?? 0;
    return way !== ours || right >= goal ? [] : [`${kind} is ${right.toFixed(3)}, below ${goal}`];
  }),
  ...leaks.flatMap(({ way, count }) =>
    way === ours && count > 0 ? [`${count} questions brought what another user has said`] : [],
  ),
];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? "---" : "---:")), ...rows].map(tableRow).join("\n");

/** The figures of all ways as text of a page. */
export const report = ({ rows, leaks }: Pick<Result, "rows" | "leaks">, date: string): string => {
  const ways = [...new Set(rows.map(({ way }) => way))];
  const of = (way: string, kind: string): Row | undefined =>
    rows.find((row) => row.way === way && row.kind === kind);
  const missed = missedGoals({ rows, leaks });
  return [
    `${date}.`,
    table(
      ["answered rightly", ...kinds, "of others"],
      [
        ["questions", ...kinds.map((kind) => String(of(ours, kind)?.questions ?? 0)), ""],
        ...ways.map((way) => [
          way,
          ...kinds.map((kind) => (of(way, kind)?.right ?? 0).toFixed(3)),
          String(leaks.find((each) => each.way === way)?.count ?? 0),
        ]),
      ],
    ),
    `Goals of \`${ours}\`, ${Object.entries(goals)
      .map(([kind, goal]) => `${kind} at least ${goal}`)
      .join(
        ", ",
      )} and nothing of others: ${missed.length === 0 ? "met" : `missed, since ${missed.join("; ")}`}.`,
  ].join("\n\n");
};
