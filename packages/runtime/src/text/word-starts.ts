/** Letters and digits of ASCII, and all that is beyond it. */
const isInWord = (code: number): boolean =>
  code > 127 || (code >= 97 && code <= 122) || (code >= 48 && code <= 57);

/** From here on scripts have words that nothing sets apart from those before them. */
const firstUnspaced = 0x0e00;

/**
 * Whether a word, as `wordsOf` gives it, begins one in a text that is `folded`. To find the words of a text costs many times
 * as much, so it is for few words in texts that are looked at once.
 */
export const wordStartsIn = (text: string): ((word: string) => boolean) => {
  /** Where words begin, by their first character. */
  const starts = new Map<number, number[]>();
  let isInside = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isIn = isInWord(code);
    if (isIn && (!isInside || code >= firstUnspaced)) {
      const known = starts.get(code);
      if (known) known.push(at);
      else starts.set(code, [at]);
    }
    isInside = isIn;
  }
  return (word) => starts.get(word.charCodeAt(0))?.some((at) => text.startsWith(word, at)) ?? false;
};
