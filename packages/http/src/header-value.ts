const isBlank = (code: number): boolean => code === 32 || code === 9;

/**
 * The value in a header line, without the blanks around it. `trim` would strip more than HTTP allows: a bare line feed,
 * after which other programs see a further header, and the last byte of an `à` in UTF-8.
 *
 * @param colon Index of the colon behind the name.
 */
export const headerValueIn = (line: string, colon: number): string => {
  let from = colon + 1;
  let to = line.length;
  while (from < to && isBlank(line.charCodeAt(from))) from += 1;
  while (to > from && isBlank(line.charCodeAt(to - 1))) to -= 1;
  return line.slice(from, to);
};
