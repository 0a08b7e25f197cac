import { wordsOf } from "../../packages/runtime/src/text/index.ts";
import { type Dialogue, dateIn, type KeyFact } from "./dialogues.ts";

/** What is known of a message before it is shown to anybody. */
export type Key = ReadonlyMap<string, readonly KeyFact[]>;

/** The facts of all messages, and of the answers that mislead a model. */
export const keyOf = (dialogues: readonly Dialogue[]): Key =>
  new Map(
    dialogues.flatMap(({ sessions }) =>
      sessions.flatMap(({ turns }) =>
        turns.map(
          ({ message, answer, facts }) => [facts[0]?.isFromAnswer ? answer : message, facts] as const,
        ),
      ),
    ),
  );

/** A message or an answer, as a model is shown it. */
export interface Shown {
  role: string;
  content: string;
  /** The date on which it was said, where the model is told. */
  date?: string | undefined;
}

/** A fact that the model finds, as it puts it. */
export interface Found {
  key: KeyFact;
  memory: string;
  quote: string;
}

/** What the scripted model finds in a conversation: with dates counted from the day that it is told. */
export const factsIn = (key: Key, shown: readonly Shown[], today: string): Found[] =>
  shown.flatMap(({ content, date }, index) =>
    (key.get(content) ?? []).map((fact) => {
      const from = Date.parse(`${date ?? shown[index - 1]?.date ?? today}T00:00:00Z`);
      const day = dateIn("UTC", from, fact.days ?? 0);
      // A model that errs says of an answer that the user has said it, in the answer's words or in their own.
      const misquoted = content.length % 2 === 0 ? content : (shown[index - 1]?.content ?? "");
      return {
        key: fact,
        memory: fact.memory.replace("{day}", day),
        quote: fact.isFromAnswer ? misquoted : content,
      };
    }),
  );

export const dimensions = 512;

/** A vector that stands for the words of a text: a model that knows no meaning, for those who cannot do without one. */
export const embed = (text: string): number[] => {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of wordsOf(text)) {
    let place = 7;
    for (const character of word) place = (place * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
    vector[place % dimensions] = (vector[place % dimensions] ?? 0) + 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
};
