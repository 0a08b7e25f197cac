import { stat } from "node:fs/promises";
import { ifThere } from "../base/durable.ts";
import { pause } from "../base/time.ts";
import { createLineReader } from "./line-reader.ts";

const pollMs = 250;

/** The lines that are written to a file from now on, until the signal aborts. The file may appear later. */
export async function* followLines(file: string, signal: AbortSignal): AsyncGenerator<string> {
  const { newLines } = createLineReader(file, (await ifThere(stat(file)))?.size ?? 0);
  while (!signal.aborted) {
    for await (const line of newLines()) {
      if (signal.aborted) return;
      yield line;
    }
    await pause(pollMs, signal);
  }
}
