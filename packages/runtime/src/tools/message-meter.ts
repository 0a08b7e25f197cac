/** Bytes of one message: as many as the library takes over standard input and output. */
const largestMessage = 10 * 2 ** 20;
/**
 * Values of JSON in one message: ten thousand tools have less, and of 10 MB of empty lists the parser would make three
 * million, for a second in which nothing else is done.
 */
const mostValues = 500_000;

const [lineFeed, carriageReturn] = [10, 13];
const [quote, backslash, comma, bracket, brace] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/** What ends a message: a line, a blank line as in an event stream, or nothing but the end of the answer. */
export type MessageEnd = "line" | "blank line" | "end";

/** Measures what a server sends, chunk by chunk. */
export interface MessageMeter {
  /** What the message that is being sent has too much of, such as "10485760 bytes"; undefined when it may go on. */
  excessAfter(chunk: Uint8Array): string | undefined;
}

/** Lines end with `\n`, `\r\n` or `\r`; a blank one is where an end follows an end. */
export const createMessageMeter = (end: MessageEnd): MessageMeter => {
  let bytes = 0;
  let values = 0;
  let isInString = false;
  let isEscaped = false;
  let isAtLineStart = true;
  let wasReturn = false;

  const endLine = (byte: number): void => {
    if (byte === lineFeed && wasReturn) {
      wasReturn = false;
      return;
    }
    if (end === "line" || (end === "blank line" && isAtLineStart)) [bytes, values] = [0, 0];
    // No string of JSON goes on in another line.
    [isInString, isEscaped] = [false, false];
    isAtLineStart = true;
    wasReturn = byte === carriageReturn;
  };

  const takeInLine = (byte: number): void => {
    isAtLineStart = false;
    wasReturn = false;
    if (isEscaped) isEscaped = false;
    else if (byte === quote) isInString = !isInString;
    else if (isInString) isEscaped = byte === backslash;
    else if (byte === comma || byte === bracket || byte === brace) values += 1;
  };

  return {
    excessAfter(chunk) {
      for (const byte of chunk) {
        bytes += 1;
        if (byte === lineFeed || byte === carriageReturn) endLine(byte);
        else takeInLine(byte);
        if (values > mostValues) return `${mostValues} values`;
      }
      return bytes > largestMessage ? `${largestMessage} bytes` : undefined;
    },
  };
};
