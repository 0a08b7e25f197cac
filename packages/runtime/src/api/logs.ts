import { ApiError, type LogEntry, type routes } from "@muxi/protocol";
import type { LogFeed } from "../observability/index.ts";
import { type Endpoint, streamed } from "./endpoint.ts";
import { eventStreamHeaders } from "./sse.ts";

/** Silence after which a comment shows that the stream is alive, in milliseconds. */
const keepAliveAfter = 10_000;
/** Bytes that may wait for a slow reader; lines beyond it are dropped and counted. */
const mostWaiting = 1_048_576;

/** `GET /logs` (docs/spec/formation-api.md "Logs" and "Log stream"). */
export const logsEndpoint = (logs: LogFeed): Endpoint<typeof routes.streamLogs> => {
  return async ({ query, response }) => {
    if (Object.values(query).every((value) => value === undefined)) {
      throw new ApiError(
        "INVALID_REQUEST",
        "Name a filter: user_id, session_id, request_id, agent_id, level or event_type",
      );
    }

    response.writeHead(200, eventStreamHeaders);
    response.write(": following\n\n");

    let dropped = 0;
    const send = (entry: LogEntry) => {
      if (response.writableLength > mostWaiting) {
        dropped += 1;
        return;
      }
      const data = dropped === 0 ? entry.data : { ...entry.data, dropped_before: dropped };
      dropped = 0;
      response.write(`event: log\ndata: ${JSON.stringify({ ...entry, data })}\n\n`);
      timer.refresh();
    };
    const stop = logs.listen(query, send, () => response.end());
    const timer = setInterval(() => response.write(": keepalive\n\n"), keepAliveAfter);
    response.on("close", () => {
      clearInterval(timer);
      stop();
    });
    return streamed;
  };
};
