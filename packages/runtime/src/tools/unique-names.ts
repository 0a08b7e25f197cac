/** Longest name of a tool or an argument that all providers accept. */
const longestName = 64;

/**
 * Makes names that all providers accept, each different from all others by a number.
 *
 * @param foreign What providers do not accept; it becomes `_`.
 * @param taken Names that are not to be given.
 */
export const createUniqueNames = (foreign: RegExp, taken: Iterable<string> = []) => {
  const given = new Set(taken);
  const numbers = new Map<string, number>();
  return (wanted: string): string => {
    const plain = wanted.replaceAll(foreign, "_").slice(0, longestName) || "_";
    let name = plain;
    let number = numbers.get(plain) ?? 2;
    for (; given.has(name); number++) {
      const end = `_${number}`;
      name = `${plain.slice(0, longestName - end.length)}${end}`;
    }
    numbers.set(plain, number);
    given.add(name);
    return name;
  };
};
