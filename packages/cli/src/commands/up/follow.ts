import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type LineReader } from "@muxi/server";
import * as z from "zod";
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

/** Waits for the next poll. An abort cuts it short. */
const pause = (signal: AbortSignal): Promise<void> =>
  delay(pollMs, undefined, { signal }).catch(() => undefined);

/** Longest wait for the server to notice that the process has ended, and to say why. */
const noticeMs = 10_000;

const unavailableSchema = z.object({ formation_status: z.string() });

/** What the server says about the end; undefined while it has not noticed it, still stops the draft, or is too busy. */
const saidByServer = async (
  { serverUrl, draftUrl }: FollowOptions,
  signal: AbortSignal,
): Promise<EndReason | undefined> => {
  const server = await probe(serverUrl);
  if (server.kind === "nothing") return "server gone";
  if (server.kind === "other") return undefined;
  const response = await fetch(`${draftUrl}/v1/health`, { signal }).catch(() => undefined);
  // 404: the server was told to stop it. 200: it has already been started again.
  if (response?.status === 404 || response?.status === 200) return "stopped elsewhere";
  const { data } = unavailableSchema.safeParse(await response?.json().catch(() => undefined));
  return data?.formation_status === "crashed" ? "died" : undefined;
};

const whyItEnded = async (followed: FollowOptions): Promise<EndReason> => {
  const limit = AbortSignal.any([followed.signal, AbortSignal.timeout(noticeMs)]);
  while (!limit.aborted) {
    const reason = await saidByServer(followed, limit);
    if (reason !== undefined) return reason;
    await pause(limit);
  }
  return followed.signal.aborted ? "interrupted" : "died";
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
    await pause(signal);
  }
  return "interrupted";
};
