import { onOneLine } from "../text/index.ts";
import { isSensitive } from "./sensitive.ts";

const longest = 500;

/**
 * The words of a message that state a fact, as they are kept beside it. Null when they do not stand there as they are, or
 * hold something confidential that the fact has left out.
 */
export const quotationOf = (quote: string, message: string): string | null => {
  const words = onOneLine(quote).trim();
  if (words === "" || !onOneLine(message).includes(words) || isSensitive(words)) return null;
  return words.slice(0, longest);
};
