import { setTimeout as delay } from "node:timers/promises";
import { isAlive, probe } from "../../server/index.ts";
import type { LogReader } from "./log-reader.ts";

/** How a followed formation came to its end. */
export type End = "interrupted" | "stopped elsewhere" | "died" | "server gone";

export interface Followed {
  serverUrl: string;
  draftUrl: string;
  pid: number;
  /** What it prints. */
  logs: readonly LogReader[];
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
    for (const log of logs) await log.read();
    if (!alive) return whyItEnded(followed);
    await delay(pollMs, undefined, { signal }).catch(() => undefined); // An abort only cuts the pause short.
  }
  return "interrupted";
};
