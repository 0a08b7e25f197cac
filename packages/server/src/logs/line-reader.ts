import { open } from "node:fs/promises";
import { ifThere } from "../base/durable.ts";

const blockBytes = 64 * 1024;
/** Longer lines are split (docs/spec/server-api.md "Logs and audit"). */
const longestLine = 1024 * 1024;

/** Reads the lines of a growing file, each once. */
export interface LineReader {
  /**
   * The lines added since the last call. None if the file is missing. A file that has become shorter was rotated, and
   * is read from its start.
   */
  newLines(): AsyncGenerator<string>;
}

/** @param position Byte at which to start. */
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
