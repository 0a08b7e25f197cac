import { analyse } from "chardet";
import { decodeText } from "../base/decode.ts";

/** Bytes that are enough to know an encoding by: looking at them takes some milliseconds. */
const looksAt = 4 * 1024;
const context = 64;
/** Of a hundred. Of a word or two, any encoding is as likely as any other, at ten. */
const leastConfidence = 30;

/** Whether the platform decodes an encoding. */
const isKnown = (label: string): boolean => {
  try {
    new TextDecoder(label);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** The encoding that bytes look like; Windows-1252 where they are too few to tell. */
export const guessedEncoding = (bytes: Uint8Array): string => {
  // From before the first one on that is no ASCII: the others look like any encoding.
  const first = Math.max(bytes.findIndex((byte) => byte >= 0x80) - context, 0);
  const guesses = analyse(bytes.subarray(first, first + looksAt));
  const guess = guesses.find(({ name, confidence }) => confidence >= leastConfidence && isKnown(name));
  return guess?.name ?? "windows-1252";
};

/**
 * The text of a document, in the encoding that it names, else in the one that its bytes look like. Line ends become
 * `\n`.
 */
export const textOf = (bytes: Uint8Array, named?: string): string => {
  const text =
    named !== undefined && isKnown(named)
      ? new TextDecoder(named).decode(bytes)
      : decodeText(bytes, guessedEncoding);
  return text.replace(/\r\n?/g, "\n");
};
