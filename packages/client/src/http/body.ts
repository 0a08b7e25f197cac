import { invalidResponse } from "../errors/index.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Reads a body, of what a compressed one unpacks to at most one chunk more than `most` bytes.
 *
 * @param most 0: no limit.
 * @param take Gets each chunk.
 * @returns How many bytes were read: more than the limit if the body is longer.
 */
export const readBody = async (
  message: Request | Response,
  most: number,
  take: (chunk: Bytes) => void,
): Promise<number> => {
  // React Native's own fetch has no streams; an empty body may have none either.
  if (!message.body) {
    const whole = new TextEncoder().encode(await message.text());
    take(whole);
    return whole.length;
  }
  const reader = message.body.getReader();
  let size = 0;
  while (most === 0 || size <= most) {
    const { value } = await reader.read();
    if (value === undefined) return size;
    take(value);
    size += value.length;
  }
  // Nobody waits for the rest, and whether it can be cancelled changes nothing.
  reader.cancel().catch(() => undefined);
  return size;
};

/** Reads the text of a response, no further than `readBody`, and how many bytes it took. */
export const readText = async (response: Response, most: number): Promise<[text: string, size: number]> => {
  const decoder = new TextDecoder();
  let text = "";
  const size = await readBody(response, most, (chunk) => {
    text += decoder.decode(chunk, { stream: true });
  });
  return [text + decoder.decode(), size];
};

/** Throws when a response, or its text so far, has more than `most` bytes or characters; 0: no limit. */
export const requireSize = (size: number, most: number): void => {
  if (most > 0 && size > most)
    throw invalidResponse(`The response is longer than ${most} bytes (maxResponseSize)`);
};

/** Reads a whole response. Throws when it has more than `most` bytes; 0: no limit. */
export const wholeText = async (response: Response, most: number): Promise<string> => {
  const [text, size] = await readText(response, most);
  requireSize(size, most);
  return text;
};

/** Bytes as one. */
export const joined = (chunks: Bytes[]): Promise<ArrayBuffer> => new Blob(chunks).arrayBuffer();
