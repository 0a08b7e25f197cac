/** Reads a given number of bytes at a time from a stream. */
export interface ByteReader {
  /** The next `length` bytes, or fewer at the end of the stream. */
  read(length: number): Promise<Uint8Array>;
  /** Skips `length` bytes. */
  skip(length: number): Promise<void>;
  /** Cancels the stream. */
  close(): Promise<void>;
}

export const createByteReader = (stream: ReadableStream<Uint8Array>): ByteReader => {
  const reader = stream.getReader();
  let rest = new Uint8Array(0) as Uint8Array;

  /** At most `length` bytes of the next chunk. Empty at the end. */
  const take = async (length: number): Promise<Uint8Array> => {
    while (rest.length === 0) {
      const { done, value } = await reader.read();
      if (done) return rest;
      rest = value;
    }
    const chunk = rest.subarray(0, length);
    rest = rest.subarray(length);
    return chunk;
  };

  return {
    async read(length) {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const chunk = await take(length - filled);
        if (chunk.length === 0) return bytes.subarray(0, filled);
        bytes.set(chunk, filled);
        filled += chunk.length;
      }
      return bytes;
    },
    async skip(length) {
      for (let left = length; left > 0; ) {
        const { length: taken } = await take(left);
        if (taken === 0) return;
        left -= taken;
      }
    },
    async close() {
      // A stream that has failed has already reported it.
      await reader.cancel().catch(() => undefined);
    },
  };
};
