/** The value of a line of a JSON log; undefined for other output of a program. */
export const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};
