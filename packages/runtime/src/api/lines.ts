import { setTimeout as sleep } from "node:timers/promises";
import type { HttpResponse } from "../http/index.ts";

const linesType = "application/x-ndjson";

/** How long a reader may leave a full socket unread, in milliseconds. */
const patience = 60_000;

/**
 * Answers with JSON Lines, as many as come; a slow reader slows down who makes them. When they cannot be made to the end
 * the connection breaks off, so that nobody takes a part for the whole.
 */
export const answerLines = async (
  response: HttpResponse,
  lines: AsyncIterable<readonly object[]>,
): Promise<void> => {
  let isGone = false;
  let waiting = new AbortController();
  const goOn = () => waiting.abort();
  response.on("drain", goOn);
  response.on("close", () => {
    isGone = true;
    goOn();
  });
  try {
    for await (const some of lines) {
      if (isGone) return;
      if (!response.headersSent) response.writeHead(200, { "content-type": linesType });
      waiting = new AbortController();
      if (response.write(some.map((line) => `${JSON.stringify(line)}\n`).join(""))) continue;
      const { signal } = waiting;
      const isSlow = await sleep(patience, true, { signal, ref: false }).catch(() => false);
      if (isSlow) response.destroy();
    }
    if (!response.headersSent) response.writeHead(200, { "content-type": linesType });
    response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  }
};
