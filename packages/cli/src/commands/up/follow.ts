import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type LineReader } from "@muxi/server";
import { probe } from "../../server/index.ts";

/** Why following a formation ended. */
export type EndReason = "interrupted" | "stopped elsewhere" | "died" | "server gone";

export interface FollowOptions {
  serverUrl: string;
  draftUrl: string;
  pid: number;
  /** Its output, and what to call with each line. */
  logs: readonly { lines: LineReader; onLine: (line: string) => void }[];
  /** Ends the following, but not the formation. */
  signal: AbortSignal;
}

const pollMs = 250;

const whyItEnded = async ({ serverUrl, draftUrl }: FollowOptions): Promise<EndReason> => {
  if ((await probe(serverUrl)).kind !== "muxi") return "server gone";
  // 404: the server was told to stop it. 200: it has already been started again.
  const { status } = await fetch(`${draftUrl}/v1/health`);
  return status === 404 || status === 200 ? "stopped elsewhere" : "died";
};

/** Follows the formation's output until the formation ends or the signal aborts. */
export const follow = async (followed: FollowOptions): Promise<EndReason> => {
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
