import { MuxiError } from "../errors/index.ts";
import type { Lifetime, Limits } from "../http/index.ts";

/** What distinguishes one kind of stream from another. */
export interface Source<Event> {
  /**
   * Sends the request.
   *
   * @param after Number of the last event received, when the stream resumes after a cut.
   */
  connect(lifetime: Lifetime, after: number | undefined): Promise<Response>;
  /** The event of a frame, or undefined to skip the frame. Throws a failure that the server reports. */
  decode(name: string, data: string): Event | undefined;
  /** Whether nothing follows this event. */
  isLast(event: Event): boolean;
  /** Whether the answer begins anew with this event, so that the numbers before it have a gap. Default: never. */
  restarts?: (event: Event) => boolean;
  /**
   * What has to be done before the stream goes on after this event, which its reader does not get: over another
   * connection, whose events are numbered from 1. Undefined for all other events. Default: never.
   */
  pause?: (event: Event) => Promise<void> | undefined;
  /** Whether the server ends the stream by closing it, without a last event. */
  endless: boolean;
  /**
   * Whether the stream can be resumed after a cut.
   *
   * @param received Number of the last event received; 0 for none.
   */
  canResume(received: number): boolean;
  /** Tells the server that the rest is not wanted. */
  stop(): Promise<void>;
}

/** How the request of a stream was met. */
export interface StreamOpening {
  /** HTTP status; 0 when there was no response. */
  status: number;
  /** Headers of the response; undefined when there is no stream. */
  headers: Headers | undefined;
  /** Why there is no stream: what reading it throws. Undefined when there is one. */
  error: unknown;
}

/** The opening of a stream that there is not. */
export const refused = (error: unknown): StreamOpening => ({
  status: error instanceof MuxiError ? error.statusCode : 0,
  headers: undefined,
  error,
});

/** Limits and position of a stream. */
export interface StreamSettings extends Limits {
  /** Silence counts only once the server has shown that it sends keep-alives. */
  afterKeepAlive: boolean;
  /** Aborts the stream. */
  signal: AbortSignal | undefined;
  /** Number of the last event that the reader already has; 0 at the beginning. */
  after: number;
}
