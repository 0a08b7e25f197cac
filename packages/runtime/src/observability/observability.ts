import { isObject, newId } from "@muxi/protocol";
import {
  type Envelope,
  type Level,
  levelOrder,
  matcher,
  type Observe,
  type ObservedEvent,
} from "./events.ts";
import type { Redactor } from "./redaction.ts";

/** Where events go. */
export interface Destination {
  readonly id: string;
  /** Takes an event at once; what it cannot take is dropped and counted. */
  write(envelope: Envelope): void;
  /** Sends what is waiting, for a few seconds at most. */
  close(): Promise<void>;
}

export interface Observability {
  observe: Observe;
  /** Whether anybody wants to know. */
  isActive(): boolean;
  /** Sends events there that are at least of a level and whose name fits one of the patterns. */
  add(destination: Destination, filter?: { level?: Level; events?: readonly string[] | undefined }): void;
  /** Hands on every event until the returned function is called, or until the end, of which `onEnd` tells. */
  listen(listener: (envelope: Envelope) => void, onEnd: () => void): () => void;
  /** Ends all listening: streams to readers would keep the server from closing. */
  hangUp(): void;
  /** Hands on every event as it was observed, before anything is masked: for measurements that read no texts. */
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

/**
 * Tells whoever wants to know what happens. As long as nobody does, an event costs two comparisons.
 */
export const createObservability = (deps: ObservabilityDeps): Observability => {
  const { formationId, version, server, redactor, now } = deps;
  const listeners = new Set<(envelope: Envelope) => void>();
  const endings = new Set<() => void>();
  const measurements: ((event: ObservedEvent, at: number) => void)[] = [];
  const closings: (() => Promise<void>)[] = [];

  const envelopeOf = (observed: ObservedEvent, timestamp: number): Envelope => {
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
      const envelope = envelopeOf(event, at);
      for (const listener of listeners) listener(envelope);
    },

    add(destination, { level = "debug", events } = {}) {
      const fits = events ? matcher(events) : () => true;
      closings.push(() => destination.close());
      listeners.add((envelope) => {
        if (levelOrder[envelope.level] >= levelOrder[level] && fits(envelope.event))
          destination.write(envelope);
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
