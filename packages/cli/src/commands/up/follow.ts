import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type LineReader } from "@muxi/server";
import { probe } from "../../server/index.ts";

/** How a followed formation came to its end. */
export type End = "interrupted" | "stopped elsewhere" | "died" | "server gone";

export interface Followed {
  serverUrl: string;
  draftUrl: string;
  pid: number;
  /** What it prints, and who is told of each line. */
  logs: readonly { lines: LineReader; onLine: (line: string) => void }[];
  /** Ends the following, and leaves the formation alone. */
  signal: AbortSignal;
}

const pollMs = 250;

const whyItEnded = async ({ serverUrl, draftUrl }: Followed): Promise<End> => {
  if ((await probe(serverUrl)).kind !== "muxi") return "server gone";
  // 404: the server has forgotten it, as it was told to. 200: another run has taken its place already.
  const { status } = await fetch(`${draftUrl}/v1/health`);
  return status === 404 || status === 200 ? "stopped elsewhere" : "died";
};

/** Reads the formation's log as it grows, until the formation or the wish to follow it ends. */
export const follow = async (followed: Followed): Promise<End> => {
  const { signal, logs, pid } = followed;
  while (!signal.aborted) {
    const alive = isAlive(pid);
    for (const { lines, onLine } of logs) {
      for await (const line of lines.newLines()) if (line.trim() !== "") onLine(line);
    }
    if (!alive) return whyItEnded(followed);
    await delay(pollMs, undefined, { signal }).catch(() => undefined); // An abort only cuts the pause short.
  }
  return "interrupted";
};
