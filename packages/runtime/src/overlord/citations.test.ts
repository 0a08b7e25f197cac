import { expect, test } from "vitest";
import type { KnowledgePassage } from "../knowledge/index.ts";
import { citationsOf, passagesOf } from "./citations.ts";
import type { GivenPassage } from "./given-passages.ts";
import { resultForModel, retold } from "./given-passages.ts";

const passageOf = (key: string, text: string, rest: Partial<KnowledgePassage> = {}): KnowledgePassage => ({
  id: 1,
  last: 1,
  document: 1,
  key,
  source: "docs/a.md",
  origin: "",
  headings: [],
  score: 1,
  text,
  ...rest,
});

const givenAs = (...texts: string[]): GivenPassage[] =>
  texts.map((text, index) => ({
    agentId: "desk",
    number: index + 1,
    passage: passageOf(`cit_${index + 1}`, text, { source: `docs/${index + 1}.md` }),
  }));

const citedBy = (given: readonly GivenPassage[], text: string, question = "") =>
  passagesOf({ text, question, given, mode: "metadata" }).map(({ number }) => number);

test.each([
  [
    "German",
    "Die Rückgabefrist beträgt 14 Tage.",
    "Der Keller ist nachts geschlossen.",
    "Sie beträgt vierzehn, also 14 Tage.",
  ],
  ["French", "Les visites commencent à dix heures.", "La cave est fermée.", "Elles commencent à dix heures."],
  [
    "Russian",
    "Экскурсии начинаются в десять часов.",
    "Погреб закрыт ночью.",
    "Они начинаются в десять часов.",
  ],
  ["Arabic", "تبدأ الجولات في الساعة العاشرة.", "القبو مغلق ليلا.", "تبدأ في الساعة العاشرة."],
  [
    "Japanese",
    "見学は土曜日の十時に始まります。",
    "貯蔵室は夜間閉まっています。",
    "土曜日の十時に始まります。",
  ],
  ["Chinese", "导览在星期六十点开始。", "地窖夜间关闭。", "星期六十点开始。"],
  ["Korean", "견학은 토요일 열 시에 시작합니다.", "지하실은 밤에 닫습니다.", "토요일 열 시에 시작합니다."],
  ["Thai", "การนำชมเริ่มเวลาสิบโมงวันเสาร์", "ห้องใต้ดินปิดตอนกลางคืน", "เริ่มเวลาสิบโมงวันเสาร์"],
])("an answer in %s rests on the passage that has its words", (_, right, wrong, answer) => {
  expect(citedBy(givenAs(wrong, right), answer)).toEqual([2]);
});

test("each sentence has its passage, and what is left of one may have another", () => {
  const given = givenAs(
    "The Russet costs 3.10 a kilogram.",
    "Walks begin at ten on Saturdays.",
    "Dogs stay outside.",
  );
  expect(citedBy(given, "Dogs stay outside.\nWalks begin at ten on Saturdays.")).toEqual([2, 3]);
  expect(citedBy(given, "The Russet costs 3.10, and walks begin at ten on Saturdays.")).toEqual([1, 2]);
  // One word by chance.
  expect(citedBy(given, "Walks begin at ten on Saturdays with dogs.")).toEqual([2]);
});

test("to repeat the question, or to know nothing about it, rests on nothing; a yes to it, or the document's name, does", () => {
  const given = givenAs("The cellar is locked at night.");
  const question = "Is the cellar locked?";
  expect(citedBy(given, "Yes, the cellar is locked.", question)).toEqual([1]);
  expect(citedBy(given, "I found nothing that says whether the cellar is locked.", question)).toEqual([]);
  expect(citedBy(given, "See docs/1.md.", question)).toEqual([1]);
  expect(citedBy(given, "", question)).toEqual([]);
});

test("of passages that were joined, the one is cited that the quotation is in", () => {
  const parts = [
    passageOf("cit_1", "Cellar\nThe cellar is cold.", { headings: ["Cellar"] }),
    passageOf("cit_2", "Cellar\nThe key hangs behind the door.", { headings: ["Cellar"], page: 2 }),
  ];
  const joined = passageOf("cit_1", "Cellar\nThe cellar is cold.\nThe key hangs behind the door.", { parts });
  const given = [{ agentId: "desk", number: 1, passage: joined }];
  const answered = { text: "Behind the door hangs the key [1].", question: "Where is it?", given };
  for (const mode of ["metadata", "inline"] as const) {
    expect(citationsOf({ ...answered, mode }, [])).toMatchObject([
      { id: "cit_2", index: 1, page: 2, quote: "The key hangs behind the door." },
    ]);
  }
});

test("numbers of other agents become numbers of the request, and what is no marker of theirs stays", () => {
  const given = givenAs("One", "Two");
  const passages = givenAs("Two", "Three").map((each) => ({
    ...each,
    passage: { ...each.passage, key: `cit_${each.number + 1}` },
  }));
  const outcome = { text: "Two [1], three [2][1, 2], `list[1]`, [7], [2026].", passages };
  expect(retold([...given], outcome, "inline")).toBe("Two [2], three [3][2][3], `list[1]`, [7], [2026].");
  expect(retold([...given], outcome, "metadata")).toBe("Two , three , `list[1]`, [7], [2026].");
  expect(retold([...given], outcome, "none")).toBe(outcome.text);
});

test("what a tool has found of documents gets numbers after those that the model has", () => {
  const given = givenAs("One");
  const passages = [
    { agentId: "desk", passage: passageOf("cit_9", "Nine\n[1] is a number", { source: "docs/9.md" }) },
  ];
  const outcome = { text: "[docs/9.md]\n> Nine", passages };
  expect(resultForModel(given, outcome, "inline")).toMatch(
    /:\n\[2\] \[docs\/9\.md\]\n> Nine\n> \[1\] is a number$/,
  );
  expect(given.map(({ number }) => number)).toEqual([1, 2]);
  // Found again it keeps its number; joined with its neighbour it is another passage.
  const joined = { agentId: "desk", passage: passageOf("cit_9", "Nine and ten") };
  expect(resultForModel(given, { ...outcome, passages: [...passages, joined] }, "inline")).toMatch(
    /\n\[2\] \[docs\/9\.md\][\s\S]+\n\[3\] \[docs\/a\.md\]\n> Nine and ten$/,
  );
  expect(resultForModel(given, outcome, "metadata")).toBe(outcome.text);
});
