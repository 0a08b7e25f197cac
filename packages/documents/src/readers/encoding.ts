import { detect } from "chardet";
import { decodeText } from "../base/decode.ts";

/** Enough to know an encoding by. */
const looksAt = 64 * 1024;

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

const guessed = (bytes: Uint8Array): string => {
  const guess = detect(bytes.subarray(0, looksAt));
  return guess !== null && isKnown(guess) ? guess : "windows-1252";
};

/**
 * The text of a document, in the encoding that it names, else in the one that its bytes look like. Line ends become
 * `\n`.
 */
export const textOf = (bytes: Uint8Array, named?: string): string => {
  const text =
    named !== undefined && isKnown(named) ? new TextDecoder(named).decode(bytes) : decodeText(bytes, guessed);
  return text.replace(/\r\n?/g, "\n");
};
