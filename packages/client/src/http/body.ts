import { invalidResponse } from "../errors/index.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A body that was read no further than to a limit. */
export interface LimitedBody {
  /** What was read. */
  chunks: Bytes[];
  /** Bytes that were read: more than the limit if the body is longer. */
  size: number;
}

/**
 * Reads a body, of what a compressed one unpacks to at most one chunk more than `most` bytes.
 *
 * @param most 0: no limit.
 */
export const readBody = async (message: Request | Response, most: number): Promise<LimitedBody> => {
  // React Native's own fetch has no streams; an empty body may have none either.
  if (!message.body) {
    const whole = new TextEncoder().encode(await message.text());
    return { chunks: [whole], size: whole.length };
  }
  const chunks: Bytes[] = [];
  const reader = message.body.getReader();
  let size = 0;
  while (most === 0 || size <= most) {
    const { value } = await reader.read();
    if (value === undefined) return { chunks, size };
    chunks.push(value);
    size += value.length;
  }
  // Nobody waits for the rest, and whether it can be cancelled changes nothing.
  reader.cancel().catch(() => undefined);
  return { chunks, size };
};

/** The text of a body. */
export const textOf = (chunks: Bytes[]): string => {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
};

/** Throws when a response, or its text so far, has more than `most` bytes or characters; 0: no limit. */
export const requireSize = (size: number, most: number): void => {
  if (most > 0 && size > most)
    throw invalidResponse(`The response is longer than ${most} bytes (maxResponseSize)`);
};

/** Reads a whole response. Throws when it has more than `most` bytes; 0: no limit. */
export const wholeText = async (response: Response, most: number): Promise<string> => {
  const { chunks, size } = await readBody(response, most);
  requireSize(size, most);
  return textOf(chunks);
};

/** Bytes as one. */
export const joined = (chunks: Bytes[]): Promise<ArrayBuffer> => new Blob(chunks).arrayBuffer();
