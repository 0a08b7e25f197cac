import { requireSize } from "../http/index.ts";

/**
 * Receives each event of a stream.
 *
 * @param name `message` when the event has no name.
 * @param number The event's id, which on this wire is a number; NaN when it has none or the id is no number.
 */
export type OnEvent = (name: string, data: string, number: number) => void;

export interface SseParser {
  /** Takes the next chunk of the text, cut anywhere. */
  feed(chunk: string): void;
  /** Ends the text. The last event may lack its blank line, but not its data. */
  end(): void;
}

const space = 32;
const colon = 58;
const letterD = 100;
const letterE = 101;
const letterI = 105;

const digitZero = 48;

/** One space after the colon does not belong to the value. */
const valueStart = (text: string, start: number): number =>
  text.charCodeAt(start) === space ? start + 1 : start;

/** The whole number in `text` from `start` to `end`. Slicing and converting it would take longer. */
const numberIn = (text: string, start: number, end: number): number => {
  let number = start < end ? 0 : Number.NaN;
  for (let index = start; index < end; index++) {
    const digit = text.charCodeAt(index) - digitZero;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
};

/**
 * Parses `text/event-stream` text (docs/spec/formation-api.md "Event stream format"): lines end with LF, CR
 * or CRLF.
 *
 * @param onEvent Called as soon as an event is complete, within `feed`.
 * @param onComment Called for each comment line, such as a keep-alive.
 * @param longest Characters of the longest event: a server that never ends a line must not fill the memory. 0: no
 * limit.
 */
export const createSseParser = (
  onEvent: OnEvent,
  onComment: () => void = () => {},
  longest = 0,
): SseParser => {
  let rest = "";
  let data: string | undefined;
  let name = "";
  let number = Number.NaN;
  let skipLineFeed = false;

  const dispatch = () => {
    // Without data it is an event only if it has a name: `event: done` needs no data.
    if (data !== undefined || name !== "") onEvent(name || "message", data ?? "", number);
    data = undefined;
    name = "";
    number = Number.NaN;
  };

  /** Reads the line in `text` from `start` to `end`. Slicing it first would copy every line twice. */
  const field = (text: string, start: number, end: number) => {
    // The first letter selects the one name to compare: comparing with each name would double the cost.
    const first = text.charCodeAt(start);
    if (first === letterD && text.startsWith("data:", start)) {
      const line = text.slice(valueStart(text, start + 5), end);
      data = data === undefined ? line : `${data}\n${line}`;
    } else if (first === letterE && text.startsWith("event:", start)) {
      name = text.slice(valueStart(text, start + 6), end);
    } else if (first === letterI && text.startsWith("id:", start)) {
      number = numberIn(text, valueStart(text, start + 3), end);
    } else if (first === colon) {
      onComment();
    } else if (!text.slice(start, end).includes(":")) {
      // A line without a colon is a field with an empty value.
      field(`${text.slice(start, end)}:`, 0, end - start + 1);
    }
  };

  const feedLines = (chunk: string) => {
    // Only the new chunk is searched: a long line in many chunks is joined once and not scanned each time.
    let end = chunk.indexOf("\n");
    if (end === -1) {
      rest += chunk;
      return;
    }
    const text = rest + chunk;
    end += rest.length;
    let start = 0;
    while (end !== -1) {
      if (end === start) dispatch();
      else field(text, start, end);
      start = end + 1;
      end = text.indexOf("\n", start);
    }
    rest = text.slice(start);
  };

  return {
    feed(chunk) {
      let text = chunk;
      if (skipLineFeed && text !== "") {
        if (text.startsWith("\n")) text = text.slice(1);
        skipLineFeed = false;
      }
      if (text.includes("\r")) {
        // A CR ends a line at once. An LF right after it, perhaps in the next chunk, belongs to it.
        skipLineFeed = text.endsWith("\r");
        text = text.replaceAll(/\r\n?/g, "\n");
      }
      feedLines(text);
      requireSize(rest.length + (data?.length ?? 0), longest);
    },
    end() {
      if (rest !== "") field(rest, 0, rest.length);
      rest = "";
      // A name alone may be the first half of an event that was cut.
      if (data !== undefined) dispatch();
    },
  };
};
