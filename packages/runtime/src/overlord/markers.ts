/** Code, in which brackets mean something else; or numbers in brackets. */
const pattern = /```[\s\S]*?(?:```|$)|`[^`\n]*`|\[(\d[\d, ]{0,40})\]/g;

const numbersIn = (listed: string): number[] => listed.split(",").map(Number);

/** The markers of a text, such as `[1]` or `[1, 3]`: where each begins, and its numbers. */
export const markersIn = (text: string): { at: number; numbers: number[] }[] =>
  [...text.matchAll(pattern)].flatMap(({ index: at, 1: listed }) =>
    listed === undefined ? [] : [{ at, numbers: numbersIn(listed) }],
  );

/**
 * A text in which the passages that it names have other numbers, or none. What names no passage stays: it may be anything
 * else in brackets.
 *
 * @param numbers The new number of each passage; undefined for none.
 */
export const withMarkers = (text: string, numbers: ReadonlyMap<number, number | undefined>): string =>
  text.replace(pattern, (whole, listed: string | undefined) => {
    const named = listed === undefined ? [] : numbersIn(listed);
    if (!named.some((number) => numbers.has(number))) return whole;
    return named
      .flatMap((number) => (numbers.has(number) ? (numbers.get(number) ?? []) : number))
      .map((number) => `[${number}]`)
      .join("");
  });
