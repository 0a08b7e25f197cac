import { StringDecoder } from "node:string_decoder";

/** Characters of one event. An answer that holds more is not a model's. */
const defaultLimit = 16 * 1024 * 1024;

export class EventTooLargeError extends Error {}

/**
 * Reads server-sent events from the pieces of a response body. Only `data` matters here: every provider repeats
 * the name of an event inside it.
 *
 * @param onData Called for each whole event, while the piece that completes it is being read.
 * @returns Takes the next piece. An event that was not ended by a blank line is never reported.
 * @throws EventTooLargeError
 */
export const createSseReader = (
  onData: (data: string) => void,
  limit: number = defaultLimit,
): ((piece: Buffer) => void) => {
  // Holds back the bytes of a character that the border of a piece has cut. Most answers never cut one.
  let decoder: StringDecoder | undefined;
  let line = "";
  let data: string | undefined;

  const endLine = (text: string): void => {
    if (text.startsWith("data:")) {
      const value = text.slice(text[5] === " " ? 6 : 5);
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (text === "" && data !== undefined) {
      const event = data;
      data = undefined;
      onData(event);
    }
  };

  return (piece) => {
    if (!decoder && (piece.at(-1) ?? 0) >= 0x80) decoder = new StringDecoder("utf8");
    const text = decoder ? decoder.write(piece) : piece.toString("utf8");
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      // Appending builds a rope that is flattened here, once a line: a line in many pieces stays linear.
      const whole = line + text.slice(start, end);
      line = "";
      start = end + 1;
      endLine(whole.endsWith("\r") ? whole.slice(0, -1) : whole);
    }
    line += text.slice(start);
    if (line.length + (data?.length ?? 0) > limit) {
      throw new EventTooLargeError(`A server-sent event is longer than ${limit} characters`);
    }
  };
};
