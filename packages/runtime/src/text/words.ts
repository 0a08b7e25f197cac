/** English words too common to find anything by, and what an apostrophe leaves of some. */
const stopWords = new Set(
  `a about an and any are as at be but by can could did do does for from had has have how i if in is it its me my of
  on or our please she should so tell that the their them then there these they this to us was we were what when
  where which who whom why will with would you your ll re s t ve`.split(/\s+/),
);

/** Strips English endings: enough that "apples" finds "apple" and "planted" finds "plant". */
const stem = (word: string): string => {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3);
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1);
  return word;
};

/**
 * The words of a text by which to find it, in any language: without accents and case, stemmed, in order, with repeats.
 */
export const wordsOf = (text: string): string[] =>
  (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
    .filter((word) => !stopWords.has(word))
    .map(stem);
