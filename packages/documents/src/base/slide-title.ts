const longestTitle = 120;

/** Whether the first text of a slide that names no title is one: a short paragraph. */
export const mayBeTitle = (paragraphs: readonly string[]): boolean => {
  const [first = ""] = paragraphs;
  return paragraphs.length === 1 && first.trim() !== "" && first.length <= longestTitle;
};
