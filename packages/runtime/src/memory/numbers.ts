/** Dates: a model writes them where its user has said "tomorrow". */
const dates = /\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}/g;
/** What stands between the digits of a number, as in "1,200" and "0170 123 45". */
const separators = /(?<=\d)[\s.,'’/-](?=\d)/g;
const long = /\d{3,}/g;
/** Years of birth are made of ages. */
const year = /^(?:19|20)\d\d$/;

const digitsOf = (text: string): string => text.replaceAll(separators, "");

/**
 * Whether each number of a fact stands in one of the texts that it may come from, so that none is stored that a model has
 * copied wrongly (docs/spec/formation-files.md "Learning"). Short ones may have been words.
 */
export const hasItsNumbers = (fact: string, sources: readonly string[]): boolean => {
  const numbers = digitsOf(fact.replaceAll(dates, " ")).match(long) ?? [];
  const wanted = numbers.filter((number) => !year.test(number));
  if (wanted.length === 0) return true;
  const digits = sources.map(digitsOf);
  return wanted.every((number) => digits.some((text) => text.includes(number)));
};
