import { type Dialogue, kinds, type Question } from "./dialogues.ts";

/** Something that is remembered, as a model would read it. */
export interface Item {
  text: string;
  /** Dates from which and until which it held, or of when it was said, where that is told: such as `2026-03-04`. */
  from?: string | undefined;
  until?: string | undefined;
}

/** A memory that is told the dialogues, and then asked. */
export interface Way {
  name: string;
  tell(dialogues: readonly Dialogue[]): Promise<void>;
  /** What it brings to answer a question. */
  recalled(dialogue: Dialogue, question: Question): Promise<Item[]>;
  close(): Promise<void>;
}

export interface Row {
  way: string;
  kind: Question["kind"];
  questions: number;
  right: number;
}

export interface Result {
  rows: Row[];
  /** Questions to which something came that only another user has said. */
  leaks: { way: string; count: number }[];
  wrong: { way: string; user: string; question: Question; items: Item[] }[];
}

interface Reading {
  value: string;
  from: string | undefined;
  until: string | undefined;
}

const byEnd = (a: Reading, b: Reading) => (a.until ?? "9999").localeCompare(b.until ?? "9999");
const byBegin = (a: Reading, b: Reading) => (a.from ?? "").localeCompare(b.from ?? "");

/** The one value of some readings; undefined when they say several things. */
const onlyValue = (readings: readonly Reading[]): string | undefined => {
  const values = new Set(readings.map(({ value }) => value));
  return values.size === 1 ? readings[0]?.value : undefined;
};

/** What a careful reader concludes who knows nothing but the items: undefined when they do not tell which value it is. */
const concluded = (readings: readonly Reading[], of: Question["of"]): string | undefined => {
  const former = readings.filter(({ until }) => until !== undefined);
  const current = readings.filter(({ until }) => until === undefined);
  const isDated = current.every(({ from }) => from !== undefined);
  const inOrder = current.toSorted(byBegin);
  if (of === undefined) return onlyValue(current) ?? (isDated ? inOrder.at(-1)?.value : undefined);
  if (of === "before") {
    if (former.length > 0) return former.toSorted(byEnd).at(-1)?.value;
    const newest = inOrder.at(-1)?.value;
    return isDated ? inOrder.findLast(({ value }) => value !== newest)?.value : undefined;
  }
  const day = new Date(of.at).toISOString().slice(0, 10);
  const ended = former.toSorted(byEnd).find(({ until = "" }) => until > day);
  if (ended) return ended.value;
  const begun = current.filter(({ from }) => from === undefined || from <= day);
  return onlyValue(begun) ?? (isDated ? begun.toSorted(byBegin).at(-1)?.value : undefined);
};

/** What is said of other people is no answer to what is asked of oneself. */
const ofOthers = /\b(?:neighbour|cousin|colleague)\b/;

const isRight = (items: readonly Item[], { expected, choices, of, kind }: Question): boolean => {
  const readings = items.flatMap(({ text, from, until }) =>
    ofOthers.test(text)
      ? []
      : choices.filter((choice) => text.includes(choice)).map((value) => ({ value, from, until })),
  );
  if (expected.length === 0) return readings.length === 0;
  if (kind === "sessions") {
    const values = new Set(readings.map(({ value }) => value));
    return values.size === expected.length && expected.every((value) => values.has(value));
  }
  return concluded(readings, of) === expected[0];
};

/** Tells a way the dialogues, asks it every question, and counts what could be answered with what it brings. */
export const measure = async (way: Way, dialogues: readonly Dialogue[]): Promise<Result> => {
  await way.tell(dialogues);
  const wrong: Result["wrong"] = [];
  let leaks = 0;
  for (const dialogue of dialogues) {
    for (const question of dialogue.questions) {
      const items = await way.recalled(dialogue, question);
      if (!isRight(items, question)) wrong.push({ way: way.name, user: dialogue.user, question, items });
      const isLeak = items.some(({ text }) => dialogue.neverSaid.some((value) => text.includes(value)));
      if (isLeak) leaks += 1;
    }
  }
  const rows = kinds.map((kind): Row => {
    const questions = dialogues
      .flatMap((dialogue) => dialogue.questions)
      .filter((each) => each.kind === kind).length;
    const missed = wrong.filter(({ question }) => question.kind === kind).length;
    return { way: way.name, kind, questions, right: (questions - missed) / questions };
  });
  return { rows, leaks: [{ way: way.name, count: leaks }], wrong };
};
