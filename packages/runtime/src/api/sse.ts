import type { EventLog } from "../events/index.ts";
import type { HttpResponse } from "../http/index.ts";

/** Headers of every event stream: intermediaries must not buffer or change it. */
export const eventStreamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/**
 * Silence after which a comment shows that the stream is alive, in milliseconds (docs/spec/formation-api.md
 * "Chat stream").
 */
const keepAliveAfter = 1_000;
/** Characters of past events in one write. */
const mostAtOnce = 65_536;
/** How long a reader may leave a full socket unread, in milliseconds. */
const patience = 60_000;

/**
 * Writes a request's events to the socket: first those the reader has missed, then new ones as they come.
 *
 * A reader that is slower than the model costs no more than its socket's buffer: while that is full nothing is
 * queued, and missed events are read from the log again.
 *
 * @param after Id of the last event that the reader has seen; 0 for none.
 * @param onDrop Called when the reader leaves before the end.
 */
export const streamEvents = (
  response: HttpResponse,
  log: EventLog,
  after: number,
  onDrop: () => void,
): void => {
  response.writeHead(200, eventStreamHeaders);

  let sent = after;
  let blockedSince = 0;
  let isBehind = log.lastSeq < after;

  const write = (frames: string, lastSeq: number) => {
    sent = lastSeq;
    if (!response.write(frames)) blockedSince = performance.now();
    timer.refresh();
  };

  const catchUp = () => {
    blockedSince = 0;
    while (blockedSince === 0 && sent < log.lastSeq) {
      const { frames, lastSeq } = log.framesAfter(sent, mostAtOnce);
      write(frames, lastSeq);
    }
    if (!log.closed || blockedSince !== 0) return;
    const failure = sent === after ? log.failureAfter(after) : undefined;
    response.end(failure?.frames);
  };

  const timer = setTimeout(() => {
    if (blockedSince === 0) response.write(": keepalive\n\n");
    else if (performance.now() - blockedSince > patience) response.destroy();
    timer.refresh();
  }, keepAliveAfter);

  const stopListening = log.listen((frames, lastSeq) => {
    if (blockedSince !== 0) return;
    // The reader may be ahead: events of a request in another process reach this one later.
    if (isBehind) {
      isBehind = lastSeq <= sent;
      return catchUp();
    }
    write(frames, lastSeq);
    if (log.closed && blockedSince === 0) response.end();
  });

  response.on("drain", catchUp);
  response.on("close", () => {
    clearTimeout(timer);
    stopListening();
    if (!response.writableFinished) onDrop();
  });
  catchUp();
};
