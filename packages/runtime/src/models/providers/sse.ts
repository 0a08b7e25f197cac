import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { parseObject } from "../../base/index.ts";

/** Largest event, in characters: no model's answer needs more. */
const defaultLimit = 16 * 1024 * 1024;

export class EventTooLargeError extends Error {}

/** Reads the bytes of one event stream. */
export interface SseReader {
  /** Takes the next chunk. @throws EventTooLargeError */
  take(chunk: Buffer): void;
  /** Reports the last event where the stream ends without the blank line behind it. */
  end(): void;
}

/** Whether a text is what providers send as one event. */
const isWhole = (text: string): boolean => text.trim() === "[DONE]" || parseObject(text) !== undefined;

/**
 * Reads server-sent events from the chunks of a response body. Only `data` is read: every provider repeats the name of
 * an event in it.
 *
 * @param onData Called for each whole event, while the chunk that completes it is being read.
 * @param limit Largest event, in characters.
 */
export const createSseReader = (onData: (data: string) => void, limit: number = defaultLimit): SseReader => {
  // Holds back the bytes of a character that is split between two chunks. Created on first use: most answers split none,
  // and the decoder costs more than the parser.
  let decoder: StringDecoder | undefined;
  let isFirst = true;
  let isOver = false;

  const onEvent = ({ data }: { data: string }) => {
    if (data.includes("\n")) {
      // Some servers leave out the blank lines between events.
      const lines = data.split("\n");
      if (lines.every(isWhole)) return lines.forEach(onData);
    }
    // What was cut off in the middle is no event.
    if (!isOver || isWhole(data)) onData(data);
  };

  const parser = createParser({
    maxBufferSize: limit,
    onEvent,
    onError({ type }) {
      if (type !== "max-buffer-size-exceeded") return;
      throw new EventTooLargeError(`A server-sent event is longer than ${limit} characters`);
    },
  });

  return {
    take(chunk) {
      if (!decoder && (chunk.at(-1) ?? 0) >= 0x80) decoder = new StringDecoder("utf8");
      let text = decoder ? decoder.write(chunk) : chunk.toString("utf8");
      if (isFirst && text !== "") {
        isFirst = false;
        if (text.startsWith("\ufeff")) text = text.slice(1);
      }
      parser.feed(text);
    },
    end() {
      isOver = true;
      parser.feed("\n\n");
    },
  };
};
