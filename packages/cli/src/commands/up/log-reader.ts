import { open } from "node:fs/promises";

/** Reads a log file from its beginning, each line once. */
export interface LogReader {
  /** Hands the lines that have been added since the last call on. */
  read(): Promise<void>;
}

const bytesPerRead = 256 * 1024;

export const createLogReader = (file: string, onLine: (line: string) => void): LogReader => {
  const decoder = new TextDecoder();
  let position = 0;
  let rest = "";
  return {
    async read() {
      const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
        // A server with other folders writes elsewhere: then there is nothing to read.
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (!handle) return;
      try {
        for (;;) {
          const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(bytesPerRead), position });
          if (bytesRead === 0) return;
          position += bytesRead;
          const lines = (rest + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) if (line.trim() !== "") onLine(line);
        }
      } finally {
        await handle.close();
      }
    },
  };
};
