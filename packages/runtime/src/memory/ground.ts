import type { LearnableTurn } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";

const differentWordsIn = (text: string): Set<string> => new Set(wordsOf(text));

/** A turn, as far as the ground of a fact is concerned. */
type SaidTurn = Pick<LearnableTurn, "message" | "answer">;

/**
 * Finds the turn in which the user states a fact that a model found, rather than that an answer says or quotes it
 * (docs/spec/formation-files.md "Learning"): the words that the model gives as the user's stand in one of the user's
 * messages, and the fact has more words of the user's than of the answers alone. A model that gives none must have used a
 * word of the user's in the fact, and so must those words where an answer has a part in it. What takes the place of a known memory has no word of the answers alone that was not
 * there before.
 *
 * @returns Finds it by the fact's `tellingWords`, the quotation, and the words of the memory that it replaces. Undefined
 * when the user does not state it.
 */
export const groundIn = <Turn extends SaidTurn>(
  turns: readonly Turn[],
): ((
  words: ReadonlySet<string>,
  quote: string | undefined,
  replaced?: ReadonlySet<string>,
) => Turn | undefined) => {
  const messages = turns.map((turn) => ({ turn, words: differentWordsIn(turn.message) }));
  let answers: Set<string> | undefined;
  /** Answers are long, and looked at only where a fact has other words than the user's. */
  const isAnswered = (word: string) => {
    answers ??= differentWordsIn(turns.map(({ answer }) => answer ?? "").join("\n"));
    return answers.has(word);
  };
  const isSaid = (word: string) => messages.some((message) => message.words.has(word));
  /** The last turn whose message has most of some words; undefined when none has any. */
  const turnWith = (words: readonly string[]): Turn | undefined => {
    let best: Turn | undefined;
    let most = 1;
    for (const message of messages) {
      const shared = words.filter((word) => message.words.has(word)).length;
      if (shared < most) continue;
      most = shared;
      best = message.turn;
    }
    return best;
  };

  return (words, quote, replaced) => {
    const fromUser: string[] = [];
    let fromAnswers = 0;
    for (const word of words) {
      if (isSaid(word)) fromUser.push(word);
      else if (isAnswered(word)) {
        if (replaced && !replaced.has(word)) return undefined;
        fromAnswers += 1;
      }
    }
    if (fromAnswers > 0 && fromAnswers >= fromUser.length) return undefined;
    if (quote === undefined) return turnWith(fromUser);
    const wanted = wordsOf(quote);
    if (wanted.length === 0) return undefined;
    // A question that the user asked is no ground for what its answer claims of them.
    if (fromAnswers > 0 && !wanted.some((word) => words.has(word))) return undefined;
    return messages.findLast((message) => wanted.every((word) => message.words.has(word)))?.turn;
  };
};
