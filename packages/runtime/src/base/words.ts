/** The words of a text in lower case and without accents, so that they can be compared in any language. */
export const plainWords = (text: string): string[] =>
  text
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .match(/[\p{L}\p{N}]+/gu) ?? [];
