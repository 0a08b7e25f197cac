import { open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ifThere } from "../base/durable.ts";

const pollMs = 250;
const blockBytes = 64 * 1024;
/** A line that goes on beyond this is cut (docs/spec/server-api.md "Logs and audit"). */
const longestLine = 1024 * 1024;

const sizeOf = async (file: string): Promise<number> => (await ifThere(stat(file)))?.size ?? 0;

/**
 * The lines that are written to a file from now on, until the signal. A file that is missing may come later; one
 * that was cut short by rotation is read from its beginning.
 */
export async function* followLines(file: string, signal: AbortSignal): AsyncGenerator<string> {
  let position = await sizeOf(file);
  let rest = "";
  let decoder = new TextDecoder();
  while (!signal.aborted) {
    const size = await sizeOf(file);
    if (size < position) {
      [position, rest, decoder] = [0, "", new TextDecoder()];
    }
    if (size === position) {
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const handle = await ifThere(open(file));
    if (!handle) continue;
    try {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(blockBytes), position });
      position += bytesRead;
      rest += decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
    } finally {
      await handle.close();
    }
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine) {
      lines.push(rest);
      rest = "";
    }
    yield* lines;
  }
}
