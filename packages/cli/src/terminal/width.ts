import measure from "fast-string-truncated-width";

/** Columns that a text takes on a terminal; colours take none, most of Chinese and an emoji take two. */
export const widthOf = (text: string): number => measure(text).width;

/** The beginning of a text that fits into so many columns. */
export const fitted = (text: string, columns: number): string => {
  const { truncated, index } = measure(text, { limit: columns });
  // A colour that began in front of the cut ends there.
  return truncated ? `${text.slice(0, index)}${text.includes("\u001b") ? "\u001b[0m" : ""}` : text;
};
