import type { FastifyReply } from "fastify";
import { corsHeaders } from "../base/cors.ts";

const silenceMs = 10_000;

/** A stream of named events to one client (docs/spec/server-api.md "Frames of a progress stream"). */
export interface EventStream {
  /** Aborted when the client disconnects. */
  readonly left: AbortSignal;
  send(event: string, data: unknown): void;
  /** Resolves when the client has received what was sent, or has disconnected. */
  drained(): Promise<void>;
  end(): void;
}

/** Responds with an event stream. The route's handler must not send anything itself after this. */
export const openEventStream = (reply: FastifyReply): EventStream => {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...corsHeaders,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    connection: "keep-alive",
    "x-accel-buffering": "no",
  });
  response.flushHeaders();
  const left = new AbortController();
  // Proxies may close an idle connection.
  const keepAlive = setInterval(() => response.write(": keep-alive\n\n"), silenceMs);
  response.once("close", () => {
    clearInterval(keepAlive);
    left.abort();
  });
  return {
    left: left.signal,
    send(event, data) {
      if (!response.writableEnded) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    drained: () =>
      new Promise((resolve) => {
        if (!response.writableNeedDrain || left.signal.aborted) resolve();
        else {
          response.once("drain", resolve);
          response.once("close", resolve);
        }
      }),
    end() {
      clearInterval(keepAlive);
      response.end();
    },
  };
};
