import type { LogEntry } from "@muxi/protocol";
import { createRelay } from "../events/index.ts";
import type { Hints } from "../store/index.ts";
import { logEntryOf, matcher } from "./events.ts";
import type { Observability } from "./observability.ts";

/** What the entries must have: equal values, and a name that matches a pattern. */
export type LogFilter = Partial<
  Record<"user_id" | "session_id" | "request_id" | "agent_id" | "level" | "event_type", string | undefined>
>;

/** The log entries of a formation, of all its processes (docs/spec/formation-api.md "Log stream"). */
export interface LogFeed {
  /** Calls the listener with every entry that fits until the returned function is called, or until `onEnd` is. */
  listen(filter: LogFilter, listener: (entry: LogEntry) => void, onEnd: () => void): () => void;
  close(): void;
}

const fitting = ({ event_type, ...exact }: LogFilter): ((entry: LogEntry) => boolean) => {
  const fitsName = event_type === undefined ? () => true : matcher([event_type]);
  const wanted = Object.entries(exact) as [keyof typeof exact, string | undefined][];
  return (entry) =>
    fitsName(entry.event_type) &&
    wanted.every(([name, value]) => value === undefined || entry[name] === value);
};

export const createLogFeed = (deps: {
  formationId: string;
  hints: Hints;
  observability: Observability;
}): LogFeed => {
  const { observability } = deps;
  const listeners = new Set<(entry: LogEntry) => void>();
  let stopTelling: (() => void) | undefined;
  /** Whether an entry fits a filter of another process, for each of these filters. */
  const known = new Map<string, (entry: LogEntry) => boolean>();

  const fitsThat = (filter: string): ((entry: LogEntry) => boolean) => {
    const fits = known.get(filter) ?? fitting(JSON.parse(filter));
    known.set(filter, fits);
    return fits;
  };

  const relay = createRelay<LogEntry>({
    ...deps,
    topic: "logs",
    isWanted: (entry, followed) => [...followed].some((filter) => fitsThat(filter)(entry)),
    receive(entry) {
      for (const listener of listeners) listener(entry);
    },
    onFollowed(isFollowed) {
      stopTelling?.();
      known.clear();
      stopTelling = isFollowed
        ? observability.listen(
            (record) => relay.tell(logEntryOf(record)),
            () => {},
          )
        : undefined;
    },
  });

  return {
    listen(filter, listener, onEnd) {
      const fits = fitting(filter);
      const offer = (entry: LogEntry) => {
        if (fits(entry)) listener(entry);
      };
      listeners.add(offer);
      const leave = relay.follow(JSON.stringify(filter));
      const stop = observability.listen((record) => offer(logEntryOf(record)), onEnd);
      return () => {
        listeners.delete(offer);
        leave();
        stop();
      };
    },
    close() {
      stopTelling?.();
      relay.close();
    },
  };
};
