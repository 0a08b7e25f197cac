import { isSensitive } from "./sensitive.ts";

/** Characters of a summary. */
export const longestSummary = 2_500;

const betweenSentences = /(?<=[.!?])\s+|(?<=[。！？])|\n+/u;

/** The sentences and lines of a text. */
export const sentencesOf = (text: string): string[] =>
  text
    .split(betweenSentences)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");

/** A text without the sentences that hold something confidential; empty when it is confidential as a whole. */
export const withoutSecrets = (text: string): string => {
  if (!isSensitive(text)) return text;
  const rest = sentencesOf(text)
    .filter((sentence) => !isSensitive(sentence))
    .join("\n");
  return isSensitive(rest) ? "" : rest;
};
