import type { LearnableTurn } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";

const differentWordsIn = (text: string): Set<string> => new Set(wordsOf(text));

/**
 * Tells whether a fact that a model found has its ground in what the user said, rather than in what an answer says or
 * quotes (docs/spec/formation-files.md "Learning"): the words that the model gives as the user's stand in one of the
 * user's messages, and the fact has more words of the user's than of the answers alone. A model that gives none must
 * have used a word of the user's in the fact.
 */
export const groundIn = (
  turns: readonly LearnableTurn[],
): ((fact: string, quote: string | undefined) => boolean) => {
  const messages = turns.map(({ message }) => differentWordsIn(message));
  const answers = differentWordsIn(turns.map(({ answer }) => answer ?? "").join("\n"));
  const isSaid = (word: string) => messages.some((words) => words.has(word));

  return (fact, quote) => {
    const words = [...differentWordsIn(fact)].filter((word) => word !== "user");
    const fromUser = words.filter(isSaid).length;
    const fromAnswers = words.filter((word) => answers.has(word) && !isSaid(word)).length;
    if (fromAnswers > 0 && fromAnswers >= fromUser) return false;
    if (quote === undefined) return fromUser > 0;
    const wanted = wordsOf(quote);
    return wanted.length > 0 && messages.some((message) => wanted.every((word) => message.has(word)));
  };
};
