import { tableRow } from "../../bench/page.ts";
import { kinds } from "./corpus.ts";
import type { Row } from "./measure.ts";

/** What the search by words has to reach on the plain half, in recall@5. */
const goals = { english: 0.9, everyLanguage: 0.75 };

const share = (value: number): string => value.toFixed(3);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? "---" : "---:")), ...rows].map(tableRow).join("\n");

const overview = (rows: readonly Row[]): string =>
  table(
    ["", "questions", "recall@5", "MRR", "nDCG@10"],
    rows
      .filter(({ language }) => language === "all")
      .map(({ way, kind, questions, recall5, mrr, ndcg10 }) => [
        `${way}, ${kind}`,
        String(questions),
        share(recall5),
        share(mrr),
        share(ndcg10),
      ]),
  );

const byLanguage = (rows: readonly Row[], ways: readonly string[], kind: Row["kind"]): string => {
  const ofKind = rows.filter((row) => row.kind === kind && row.language !== "all");
  const languages = [...new Set(ofKind.map(({ language }) => language))].sort();
  const of = (way: string, language: string) =>
    ofKind.find((row) => row.way === way && row.language === language);
  return table(
    [`recall@5, ${kind}`, ...languages],
    [
      ["questions", ...languages.map((language) => String(of(ways[0] ?? "", language)?.questions ?? 0))],
      ...ways.map((way) => [way, ...languages.map((language) => share(of(way, language)?.recall5 ?? 0))]),
    ],
  );
};

/** The plain rows of the search by words that miss their goal, each told. */
export const missedGoals = (rows: readonly Row[]): string[] =>
  rows
    .filter(({ way, kind, language }) => way === "words" && kind === "plain" && language !== "all")
    .flatMap(({ language, recall5 }) => {
      const goal = language === "en" ? goals.english : goals.everyLanguage;
      return recall5 >= goal ? [] : [`${language} has a recall@5 of ${share(recall5)}, below ${goal}`];
    });

/** The figures of all ways as text of a page. */
export const report = (rows: readonly Row[], date: string): string => {
  const ways = [...new Set(rows.map(({ way }) => way))];
  const missed = missedGoals(rows);
  return [
    `${date}.`,
    overview(rows),
    ...kinds.map((kind) => byLanguage(rows, ways, kind)),
    `Goals of \`words\` on the plain half, recall@5 of at least ${goals.english} in English and ${goals.everyLanguage} in every language: ${
      missed.length === 0 ? "met" : `missed, since ${missed.join("; ")}`
    }.`,
  ].join("\n\n");
};
