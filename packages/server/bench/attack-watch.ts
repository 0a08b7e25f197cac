// Reads streams in a thread of its own, which the attacker keeps from nothing, and tells the longest gap of each.
import { parentPort, workerData } from "node:worker_threads";

export interface Watched {
  name: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What the thread says first, and then when it is told to stop. */
export type WatchMessage = "flowing" | { gaps: Record<string, number> };

const streams: readonly Watched[] = workerData;
const leaving = new AbortController();

/** Before a stream flows, from when on it is measured. */
const firstPieces = 100;

/** Resolves with the longest gap once it is left, in milliseconds: the last one counts too, which nothing has ended. */
const follow = async ({ url, headers, body }: Watched, onFlow: () => void): Promise<number> => {
  const response = await fetch(url, {
    ...{ method: "POST", body, signal: leaving.signal },
    headers: { "content-type": "application/json", ...headers },
  });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  let longest = 0;
  let pieces = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (pieces > firstPieces) longest = Math.max(longest, now - last);
    last = now;
  };
  try {
    for await (const _ of response.body) {
      pieces += 1;
      look();
      if (pieces === firstPieces) onFlow();
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    look();
    return longest;
  }
  throw new Error(`${url} has ended by itself`);
};

const following: Promise<number>[] = [];
const flowing = streams.map(
  (stream) => new Promise<void>((resolve) => following.push(follow(stream, resolve))),
);
const say = (message: WatchMessage): void => parentPort?.postMessage(message);

parentPort?.once("message", async () => {
  leaving.abort();
  const longest = await Promise.all(following);
  say({ gaps: Object.fromEntries(streams.map(({ name }, at) => [name, longest[at] ?? 0])) });
});
await Promise.race([Promise.all(flowing), Promise.all(following)]);
say("flowing");
