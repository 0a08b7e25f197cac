import type { EventLog } from "../events/index.ts";
import type { HttpResponse } from "../http/index.ts";

/** The head of every stream of events: nobody between may hold it back or change it. */
export const eventStreamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/**
 * Silence after which a comment shows that the stream lives, in milliseconds (docs/spec/formation-api.md
 * "Chat stream").
 */
const keepAliveAfter = 1_000;
/** Characters of the past that are written in one piece. */
const mostAtOnce = 65_536;
/** How long a reader may leave a full socket unread, in milliseconds. */
const patience = 60_000;

/**
 * Writes a request's events to the socket: what the reader has not seen, then what comes.
 *
 * A reader that is slower than the model costs nothing but its socket's buffer: while that is full nothing is
 * queued, and what was missed is made again from the log.
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
    // Of a request in another process the reader may have seen more than has come here yet.
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
