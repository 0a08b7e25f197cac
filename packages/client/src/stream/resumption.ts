import { MuxiError, StreamTruncatedError } from "../errors/index.ts";
import { growingDelay } from "../http/index.ts";

/** Milliseconds after which a connection that brings events has ended the cuts before it. */
const steadyAfter = 5_000;

/** Milliseconds of one attempt to resume, and of the wait before it, at most: the network may be back any moment. */
const longest = { attempt: 10_000, wait: 5_000 };

/** The cuts of one stream, and when it tries again (docs/spec/formation-api.md "Client retries"). */
export interface Resumption {
  /** What to do when the network is back: end the wait or the attempt, or look whether the connection lives. */
  hurry: () => void;
  /** Whether the next response resumes the stream. */
  isUnderWay(): boolean;
  /** Milliseconds for the headers of the next response; 0: no limit. */
  timeOf(timeout: number): number;
  connected(): void;
  /** Counts the cuts anew when the connection has lasted. */
  received(): void;
  /** Waits for the next attempt after a failure. Returns what ends the stream when there is none. */
  retry(error: unknown, canResume: boolean): Promise<unknown>;
  /** Hurries whenever the network is back, until the signal aborts. */
  listen(signal: AbortSignal): void;
}

/** @param limit Milliseconds from the first cut in a row to the last attempt. */
export const createResumption = (limit: number): Resumption => {
  /** Cuts since a connection was steady, and when the first of them was. */
  let cuts = 0;
  let cutAt = 0;
  let connectedAt = 0;

  const resumption: Resumption = {
    hurry() {},
    isUnderWay: () => cuts > 0,
    timeOf: (timeout) => (cuts > 0 ? Math.min(timeout || longest.attempt, longest.attempt) : timeout),
    connected() {
      connectedAt = performance.now();
    },
    received() {
      if (cuts > 0 && performance.now() - connectedAt > steadyAfter) cuts = 0;
    },
    async retry(error, canResume) {
      if (!(error instanceof MuxiError) || !error.retryable)
        return cuts > 0 ? new StreamTruncatedError("The stream was cut", { cause: error }) : error;
      const now = performance.now();
      if (cuts === 0) cutAt = now;
      const asked = (error.retryAfter ?? 0) * 1000;
      // Also when the server asks for less: it could ask for nothing until the limit.
      const delay = cuts > 0 ? Math.max(asked, growingDelay(cuts, longest.wait, Math.random())) : 0;
      if (!canResume || now + delay - cutAt >= limit) return error;
      cuts++;
      return new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delay);
        resumption.hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    listen(signal) {
      const onOnline = () => {
        // The cuts while there was no network say nothing of the next attempt.
        cuts = Math.min(cuts, 1);
        resumption.hurry();
      };
      // Other platforms than browsers have no such event, or no events at all.
      globalThis.addEventListener?.("online", onOnline);
      signal.addEventListener("abort", () => globalThis.removeEventListener?.("online", onOnline));
    },
  };
  return resumption;
};
