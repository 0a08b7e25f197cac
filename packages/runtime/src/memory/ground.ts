import type { LearnableTurn } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";

const differentWordsIn = (text: string): Set<string> => new Set(wordsOf(text));

/**
 * Tells whether a fact that a model found has its ground in what the user said, rather than in what an answer says or
 * quotes (docs/spec/formation-files.md "Learning"): the words that the model gives as the user's stand in one of the
 * user's messages, and the fact has more words of the user's than of the answers alone. A model that gives none must
 * have used a word of the user's in the fact.
 *
 * @returns Tells it of a fact by its `tellingWords`.
 */
export const groundIn = (
  turns: readonly LearnableTurn[],
): ((words: ReadonlySet<string>, quote: string | undefined) => boolean) => {
  const messages = turns.map(({ message }) => differentWordsIn(message));
  let answers: Set<string> | undefined;
  /** Answers are long, and looked at only where a fact has other words than the user's. */
  const isAnswered = (word: string) => {
    answers ??= differentWordsIn(turns.map(({ answer }) => answer ?? "").join("\n"));
    return answers.has(word);
  };
  const isSaid = (word: string) => messages.some((words) => words.has(word));

  return (words, quote) => {
    let fromUser = 0;
    let fromAnswers = 0;
    for (const word of words) {
      if (isSaid(word)) fromUser += 1;
      else if (isAnswered(word)) fromAnswers += 1;
    }
    if (fromAnswers > 0 && fromAnswers >= fromUser) return false;
    if (quote === undefined) return fromUser > 0;
    const wanted = wordsOf(quote);
    return wanted.length > 0 && messages.some((message) => wanted.every((word) => message.has(word)));
  };
};
