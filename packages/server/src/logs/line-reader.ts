import { open } from "node:fs/promises";
import { ifThere } from "../base/durable.ts";

const blockBytes = 64 * 1024;
/** A longer line is split (docs/spec/server-api.md "Logs and audit"). */
const longestLine = 1024 * 1024;

/** Reads a file that grows, each line once. */
export interface LineReader {
  /**
   * The lines that were added since the last call. A missing file has none; one that has become shorter, because it was
   * rotated, is read from its start.
   */
  newLines(): AsyncGenerator<string>;
}

/** @param position Byte at which reading begins. */
export const createLineReader = (file: string, position: number): LineReader => {
  let rest = "";
  let decoder = new TextDecoder();
  return {
    async *newLines() {
      const handle = await ifThere(open(file));
      if (!handle) return;
      try {
        if ((await handle.stat()).size < position) [position, rest, decoder] = [0, "", new TextDecoder()];
        for (;;) {
          const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(blockBytes), position });
          if (bytesRead === 0) return;
          position += bytesRead;
          const lines = (rest + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split("\n");
          rest = lines.pop() ?? "";
          if (rest.length > longestLine) {
            lines.push(rest);
            rest = "";
          }
          yield* lines;
        }
      } finally {
        await handle.close();
      }
    },
  };
};
