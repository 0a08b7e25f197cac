import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";

/** Largest event, in characters: no model's answer needs more. */
const defaultLimit = 16 * 1024 * 1024;

export class EventTooLargeError extends Error {}

/**
 * Reads server-sent events from the chunks of a response body. Only `data` is read: every provider repeats the name of
 * an event in it.
 *
 * @param onData Called for each whole event, while the chunk that completes it is being read.
 * @param limit Largest event, in characters.
 * @returns Takes the next chunk. An event that was not ended by a blank line is never reported.
 * @throws EventTooLargeError
 */
export const createSseReader = (
  onData: (data: string) => void,
  limit: number = defaultLimit,
): ((chunk: Buffer) => void) => {
  // Holds back the bytes of a character that is split between two chunks. Created on first use: most answers split none,
  // and the decoder costs more than the parser.
  let decoder: StringDecoder | undefined;
  const parser = createParser({
    maxBufferSize: limit,
    onEvent: ({ data }) => onData(data),
    onError({ type }) {
      if (type !== "max-buffer-size-exceeded") return;
      throw new EventTooLargeError(`A server-sent event is longer than ${limit} characters`);
    },
  });

  return (chunk) => {
    if (!decoder && (chunk.at(-1) ?? 0) >= 0x80) decoder = new StringDecoder("utf8");
    parser.feed(decoder ? decoder.write(chunk) : chunk.toString("utf8"));
  };
};
