import { expect, test } from "vitest";
import { rank, wordsToFind } from "./index.ts";

const first = (question: string, texts: readonly string[]): string | undefined =>
  rank(wordsToFind(question), texts, (text) => text)[0];

const others = Array.from({ length: 20 }, (_, index) => `The orchard has tree number ${index}, an old pear.`);

test.each([
  ["German", "Wie wird man bei uns Mitglied?", "Mitglied wird, wer zahlt.", "Wie man bei uns wohnt."],
  ["French", "Où est la piscine ?", "La piscine ouvre à neuf heures.", "Où est la clé ?"],
  ["Russian", "Когда у вас завтрак?", "Завтрак подают с семи.", "Когда он у вас?"],
])(
  "%s among texts in English: its common words count less than what is asked about",
  (_, question, answer, other) => {
    expect(first(question, [other, answer, ...others])).toBe(answer);
  },
);

test("a text in the question's language is found by common words where there is nothing better", () => {
  const answer = "Man kann das so machen.";
  expect(first("Wie kann man das machen?", [...others, answer])).toBe(answer);
});
