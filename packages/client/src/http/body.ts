/** A body that is read no further than to a limit. */
export interface LimitedBody {
  /** What has been read. */
  chunks: Uint8Array<ArrayBuffer>[];
  /** Whether there is more, which is not read. */
  longer: boolean;
}

/** Reads a body, of what a compressed one unpacks to at most one chunk more than `most` bytes. */
export const readBody = async (
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  most: number,
): Promise<LimitedBody> => {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = body?.getReader();
  for (let left = most; left >= 0; ) {
    const chunk = await reader?.read();
    if (!chunk || chunk.done) return { chunks, longer: false };
    chunks.push(chunk.value);
    left -= chunk.value.length;
  }
  // Nobody waits for the rest, and whether it can be cancelled changes nothing.
  reader?.cancel().catch(() => undefined);
  return { chunks, longer: true };
};

/** The bytes of a body as one. */
export const joined = (chunks: Uint8Array<ArrayBuffer>[]): Promise<ArrayBuffer> =>
  new Blob(chunks).arrayBuffer();
