import { MuxiError, StreamTruncatedError } from "../errors/index.ts";
import { growingDelay } from "../http/index.ts";

/** Milliseconds after which a connection that brings events has ended the cuts before it. */
const steadyAfter = 5_000;

/** Milliseconds of one attempt to resume, and of the wait before it, at most: the network may be back any moment. */
const longest = { attempt: 10_000, wait: 5_000 };

const isPassing = (error: unknown): error is MuxiError => error instanceof MuxiError && error.retryable;

/** The cuts of one stream, and when it tries again (docs/spec/formation-api.md "Client retries"). */
export class Resumption {
  readonly #limit: number;
  /** Cuts since a connection was steady, and when the first of them was. */
  #cuts = 0;
  #cutAt = 0;
  #connectedAt = 0;
  /** What to do when the network is back: end the wait or the attempt, or look whether the connection lives. */
  hurry: () => void = () => {};

  /** @param limit Milliseconds from the first cut in a row to the last attempt. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether the next response resumes the stream. */
  get isUnderWay(): boolean {
    return this.#cuts > 0;
  }

  /** Milliseconds for the headers of the next response; 0: no limit. */
  timeOf(timeout: number): number {
    return this.isUnderWay ? Math.min(timeout || longest.attempt, longest.attempt) : timeout;
  }

  connected(): void {
    this.#connectedAt = performance.now();
  }

  /** Counts the cuts anew when the connection has lasted. */
  received(): void {
    if (this.isUnderWay && performance.now() - this.#connectedAt > steadyAfter) this.#cuts = 0;
  }

  /** Milliseconds until the next attempt after a failure; undefined when there is none. */
  next(error: unknown): number | undefined {
    if (!isPassing(error)) return undefined;
    const now = performance.now();
    if (!this.isUnderWay) this.#cutAt = now;
    const asked = (error.retryAfter ?? 0) * 1000;
    // Also when the server asks for less: it could ask for nothing until the limit.
    const delay = this.isUnderWay
      ? Math.max(asked, growingDelay(this.#cuts, longest.wait, Math.random()))
      : 0;
    return now + delay - this.#cutAt < this.#limit ? delay : undefined;
  }

  /** What ends the stream when there is no further attempt. */
  reason(error: unknown): unknown {
    if (!this.isUnderWay || isPassing(error)) return error;
    return new StreamTruncatedError("The stream was cut", { cause: error });
  }

  /** Waits for the next attempt. */
  wait(milliseconds: number): Promise<void> {
    this.#cuts++;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Hurries whenever the network is back, until the signal aborts. */
  listen(signal: AbortSignal): void {
    const onOnline = () => {
      // The cuts while there was no network say nothing of the next attempt.
      this.#cuts = Math.min(this.#cuts, 1);
      this.hurry();
    };
    // Other platforms than browsers have no such event, or no events at all.
    globalThis.addEventListener?.("online", onOnline);
    signal.addEventListener("abort", () => globalThis.removeEventListener?.("online", onOnline));
  }
}
