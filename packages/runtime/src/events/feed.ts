import type { Hints } from "../store/index.ts";
import { createRelay } from "./relay.ts";

/** The events that a user can follow (docs/spec/formation-api.md "Feed of a user"). */
export const feedEventTypes = [
  "agent.selected",
  "chat.cancelled",
  "chat.completed",
  "chat.failed",
  "chat.started",
] as const;

/** Something that happened in the requests of a user. */
export interface FeedEvent {
  type: (typeof feedEventTypes)[number];
  /** Unix milliseconds. */
  at: number;
  message: string;
  userId: string;
  sessionId: string;
  requestId: string;
}

/** Whose events to hear: without a user, everybody's. */
export interface FeedFilter {
  userId: string | undefined;
  sessionId?: string;
}

/** Publishes what happens in a formation, in whichever process, to those who follow it. */
export interface Feed {
  publish(event: Omit<FeedEvent, "at">): void;
  /** Calls the listener with every event from now on. @returns A function that stops it. */
  listen(filter: FeedFilter, listener: (event: FeedEvent) => void): () => void;
  close(): void;
}

const everybody = "";
const keyOf = (userId: string | undefined) => (userId === undefined ? everybody : `user ${userId}`);

export const createFeed = (deps: { formationId: string; hints: Hints; now: () => number }): Feed => {
  const listeners = new Set<{ filter: FeedFilter; listener: (event: FeedEvent) => void }>();

  const deliver = (event: FeedEvent) => {
    for (const { filter, listener } of listeners) {
      const isMeant =
        (filter.userId === undefined || filter.userId === event.userId) &&
        (filter.sessionId === undefined || filter.sessionId === event.sessionId);
      if (isMeant) listener(event);
    }
  };

  const relay = createRelay<FeedEvent>({
    ...deps,
    topic: "feed",
    isWanted: ({ userId }, followed) => followed.has(everybody) || followed.has(keyOf(userId)),
    receive: deliver,
  });

  return {
    publish(event) {
      const dated = { ...event, at: deps.now() };
      deliver(dated);
      relay.tell(dated);
    },
    listen(filter, listener) {
      const entry = { filter, listener };
      listeners.add(entry);
      const leave = relay.follow(keyOf(filter.userId));
      return () => {
        listeners.delete(entry);
        leave();
      };
    },
    close: relay.close,
  };
};
