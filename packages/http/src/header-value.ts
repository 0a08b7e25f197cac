const isBlank = (code: number): boolean => code === 32 || code === 9;

/**
 * The value in a line of a head, without the blanks around it. `trim` takes more for blank than HTTP does: a line feed
 * alone behind which others see a further header, and the last byte of an `à` in UTF-8.
 */
export const headerValueIn = (line: string, colon: number): string => {
  let from = colon + 1;
  let to = line.length;
  while (from < to && isBlank(line.charCodeAt(from))) from += 1;
  while (to > from && isBlank(line.charCodeAt(to - 1))) to -= 1;
  return line.slice(from, to);
};
