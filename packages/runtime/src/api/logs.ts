import { ApiError, type routes } from "@muxi/protocol";
import { type EventRecord, logEntryOf, matcher, type Observability } from "../observability/index.ts";
import { type Endpoint, streamed } from "./endpoint.ts";
import { eventStreamHeaders } from "./sse.ts";

/** Silence after which a comment shows that the stream is alive, in milliseconds. */
const keepAliveAfter = 10_000;
/** Bytes that may wait for a slow reader; lines beyond it are dropped and counted. */
const mostWaiting = 1_048_576;

/** `GET /logs` (docs/spec/formation-api.md "Logs" and "Log stream"). */
export const logsEndpoint = (observability: Observability): Endpoint<typeof routes.streamLogs> => {
  return async ({ query, response }) => {
    if (Object.values(query).every((value) => value === undefined)) {
      throw new ApiError(
        "INVALID_REQUEST",
        "Name a filter: user_id, session_id, request_id, agent_id, level or event_type",
      );
    }
    const { event_type, ...exact } = query;
    const fitsName = event_type === undefined ? () => true : matcher([event_type]);

    response.writeHead(200, eventStreamHeaders);
    response.write(": following\n\n");

    let dropped = 0;
    const send = (record: EventRecord) => {
      const entry = logEntryOf(record);
      const wanted = Object.entries(exact) as [keyof typeof exact, string | undefined][];
      if (!fitsName(entry.event_type)) return;
      if (wanted.some(([name, value]) => value !== undefined && entry[name] !== value)) return;
      if (response.writableLength > mostWaiting) {
        dropped += 1;
        return;
      }
      const data = dropped === 0 ? entry.data : { ...entry.data, dropped_before: dropped };
      dropped = 0;
      response.write(`event: log\ndata: ${JSON.stringify({ ...entry, data })}\n\n`);
      timer.refresh();
    };
    const stop = observability.listen(send, () => response.end());
    const timer = setInterval(() => response.write(": keepalive\n\n"), keepAliveAfter);
    response.on("close", () => {
      clearInterval(timer);
      stop();
    });
    return streamed;
  };
};
