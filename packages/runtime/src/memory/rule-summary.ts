import { writtenByUser } from "../attachments/index.ts";
import { statedFact, topicWordsOf } from "../text/index.ts";
import { isOrder } from "./rules.ts";
import { isSensitive } from "./sensitive.ts";
import type { Summarise } from "./summarise.ts";
import { longestSummary, sentencesOf } from "./summary-text.ts";

const longestSentence = 300;
/** A sentence with fewer words that say something is not worth keeping. */
const leastWords = 2;

const isStatement = (sentence: string): boolean =>
  sentence.length <= longestSentence &&
  !/[?？؟]$/.test(sentence) &&
  !isOrder(sentence) &&
  !isSensitive(sentence) &&
  topicWordsOf(sentence).size >= leastWords;

/** How much a statement is worth: facts of the user, numbers and names are what is asked for later. */
const worthOf = (sentence: string): number => {
  const names = sentence.match(/(?<=\s)\p{Lu}\p{L}+/gu)?.length ?? 0;
  return (statedFact(sentence) === undefined ? 0 : 2) + (/\d/.test(sentence) ? 2 : 0) + Math.min(names, 2);
};

/**
 * Drops what is worth least until the rest is short enough; of what is worth the same, what is farthest from the beginning
 * and the end.
 */
const shortened = (sentences: readonly string[]): string[] => {
  const kept = sentences.map((text, place) => ({ text, place, worth: worthOf(text) }));
  const middle = (sentences.length - 1) / 2;
  const expendable = kept.toSorted(
    (a, b) => a.worth - b.worth || Math.abs(a.place - middle) - Math.abs(b.place - middle),
  );
  let length = kept.reduce((sum, { text }) => sum + text.length + 1, 0);
  const dropped = new Set<number>();
  for (const { text, place } of expendable) {
    if (length <= longestSummary) break;
    dropped.add(place);
    length -= text.length + 1;
  }
  return kept.flatMap(({ text, place }) => (dropped.has(place) ? [] : [text]));
};

/** Makes summaries without a language model: of what the user stated, word for word. */
export const summariseByRules: Summarise = async (earlier, messages) => {
  const said = messages.flatMap(({ role, content }) =>
    role === "user" ? sentencesOf(writtenByUser(content)).filter(isStatement) : [],
  );
  const sentences = [...new Set([...sentencesOf(earlier), ...said])];
  return { text: shortened(sentences).join("\n"), decisions: [], projects: [] };
};
