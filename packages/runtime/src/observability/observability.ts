import { isObject, newId } from "@muxi/protocol";
import {
  type EventRecord,
  type Level,
  levelOrder,
  matcher,
  type Observe,
  type ObservedEvent,
} from "./events.ts";
import type { Redactor } from "./redaction.ts";

/** Something that events are written to. */
export interface Destination {
  readonly id: string;
  /** Takes an event without waiting. What does not fit is dropped and counted. */
  write(record: EventRecord): void;
  /** Sends what is waiting, for a few seconds at most. */
  close(): Promise<void>;
}

export interface Observability {
  observe: Observe;
  /** Whether there is a destination, a listener or a measurement. */
  isActive(): boolean;
  /** Adds a destination for events of at least a level whose names match one of the patterns. Default: all events. */
  add(destination: Destination, filter?: { level?: Level; events?: readonly string[] | undefined }): void;
  /** Calls the listener with every event until the returned function is called, or until `onEnd` is. */
  listen(listener: (record: EventRecord) => void, onEnd: () => void): () => void;
  /** Ends all listeners: their open streams would keep the server from closing. */
  hangUp(): void;
  /** Calls the listener with every event before anything is masked: for measurements, which read no texts. */
  measure(listener: (event: ObservedEvent, at: number) => void, close: () => Promise<void>): void;
  close(): Promise<void>;
}

export interface ObservabilityDeps {
  formationId: string;
  version: string;
  /** Name of the machine. */
  server: string;
  redactor: Redactor;
  now: () => number;
}

/** Distributes events. While nobody listens, an event costs two comparisons. */
export const createObservability = (deps: ObservabilityDeps): Observability => {
  const { formationId, version, server, redactor, now } = deps;
  const listeners = new Set<(record: EventRecord) => void>();
  const endings = new Set<() => void>();
  const measurements: ((event: ObservedEvent, at: number) => void)[] = [];
  const closings: (() => Promise<void>)[] = [];

  const recordOf = (observed: ObservedEvent, timestamp: number): EventRecord => {
    const { event, level, userId = null, sessionId = null, requestId = null, agentId } = observed;
    const shown = redactor.value({ ...observed.data, ...(agentId !== undefined && { agent_id: agentId }) });
    const data = isObject(shown) ? shown : {};
    const { status, duration_ms } = data;
    return {
      id: newId("event"),
      timestamp,
      level,
      muxi_version: version,
      server,
      event,
      session_id: sessionId,
      request: {
        id: requestId,
        status: typeof status === "string" ? status : null,
        duration_ms: typeof duration_ms === "number" ? duration_ms : null,
        formation_id: formationId,
        user_id: userId,
        session_id: sessionId,
      },
      data,
    };
  };

  const isActive = () => listeners.size > 0 || measurements.length > 0;

  return {
    isActive,

    observe(event) {
      if (!isActive()) return;
      const at = now();
      for (const measure of measurements) measure(event, at);
      if (listeners.size === 0) return;
      const record = recordOf(event, at);
      for (const listener of listeners) listener(record);
    },

    add(destination, { level = "debug", events } = {}) {
      const fits = events ? matcher(events) : () => true;
      closings.push(() => destination.close());
      listeners.add((record) => {
        if (levelOrder[record.level] >= levelOrder[level] && fits(record.event)) destination.write(record);
      });
    },

    listen(listener, onEnd) {
      listeners.add(listener);
      endings.add(onEnd);
      return () => {
        listeners.delete(listener);
        endings.delete(onEnd);
      };
    },

    hangUp() {
      for (const end of endings) end();
    },

    measure(listener, close) {
      measurements.push(listener);
      closings.push(close);
    },

    async close() {
      listeners.clear();
      measurements.length = 0;
      await Promise.all(closings.map((close) => close()));
    },
  };
};
