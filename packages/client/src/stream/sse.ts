import { MuxiError } from "../errors/errors.ts";

/**
 * Receives each event of a stream.
 *
 * @param name `message` when the event has no name.
 * @param id The event's own id, or the empty string.
 */
export type OnEvent = (name: string, data: string, id: string) => void;

export interface SseParser {
  /** Takes the next piece of the text, cut anywhere. */
  feed(chunk: string): void;
  /** Ends the text. The last event may lack its blank line, but not its data. */
  end(): void;
}

const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const colon = 58;

/** Characters. Without a limit a server that never ends its line would fill the memory. */
const longestEvent = 64 * 1024 * 1024;

/**
 * Parses `text/event-stream` text (contract/formation-api.md 5.0): lines end with LF, CR or CRLF.
 *
 * @param onEvent Called as soon as an event is complete, within `feed`.
 * @param onComment Called for each comment line, such as a keep-alive.
 */
export const createSseParser = (onEvent: OnEvent, onComment: () => void = () => {}): SseParser => {
  let rest = "";
  let data: string | undefined;
  let name = "";
  let id = "";
  let skipLineFeed = false;

  const dispatch = () => {
    // An event without data is one only if it has a name: `event: done` says all it has to say.
    if (data !== undefined || name !== "") onEvent(name || "message", data ?? "", id);
    data = undefined;
    name = "";
    id = "";
  };

  /** Takes the line that lies in `text` from `start` to `end`: to cut it out first would copy every line twice. */
  const field = (text: string, start: number, end: number) => {
    const value = (from: number) => text.slice(text.charCodeAt(from) === space ? from + 1 : from, end);
    if (text.startsWith("data:", start)) {
      const line = value(start + 5);
      data = data === undefined ? line : `${data}\n${line}`;
    } else if (text.startsWith("event:", start)) {
      name = value(start + 6);
    } else if (text.startsWith("id:", start)) {
      const line = value(start + 3);
      if (!line.includes("\0")) id = line;
    } else if (text.charCodeAt(start) === colon) {
      onComment();
    } else {
      bareField(text.slice(start, end));
    }
  };

  const bareField = (line: string) => {
    if (line === "data") data = data === undefined ? "" : `${data}\n`;
    else if (line === "event") name = "";
    else if (line === "id") id = "";
  };

  const take = (line: string) => (line === "" ? dispatch() : field(line, 0, line.length));

  const feedLineFeeds = (chunk: string) => {
    let start = 0;
    // Only the new piece is searched: a long line that comes in many pieces is joined once, not scanned each time.
    let end = chunk.indexOf("\n");
    if (end !== -1 && rest !== "") {
      take(rest + chunk.slice(0, end));
      rest = "";
      start = end + 1;
      end = chunk.indexOf("\n", start);
    }
    while (end !== -1) {
      if (end === start) dispatch();
      else field(chunk, start, end);
      start = end + 1;
      end = chunk.indexOf("\n", start);
    }
    rest += start === 0 ? chunk : chunk.slice(start);
  };

  const feedAnyLineEnds = (chunk: string) => {
    let start = 0;
    for (let index = 0; index < chunk.length; index++) {
      const code = chunk.charCodeAt(index);
      if (code !== lineFeed && code !== carriageReturn) {
        skipLineFeed = false;
        continue;
      }
      if (code === lineFeed && skipLineFeed) {
        skipLineFeed = false;
      } else {
        take(rest + chunk.slice(start, index));
        rest = "";
        // A CR ends its line at once; a LF right after it, perhaps in the next piece, belongs to it.
        skipLineFeed = code === carriageReturn;
      }
      start = index + 1;
    }
    rest += chunk.slice(start);
  };

  return {
    feed(chunk) {
      if (skipLineFeed || chunk.includes("\r")) feedAnyLineEnds(chunk);
      else feedLineFeeds(chunk);
      if (rest.length + (data?.length ?? 0) > longestEvent) {
        throw new MuxiError(`An event of the stream is longer than ${longestEvent} characters`, {
          code: "INVALID_RESPONSE",
        });
      }
    },
    end() {
      if (rest !== "") take(rest);
      rest = "";
      // A name alone may be the first half of an event that was cut.
      if (data !== undefined) dispatch();
    },
  };
};
