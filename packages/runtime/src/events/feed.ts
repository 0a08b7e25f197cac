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

/** Publishes what happens in a formation to those who follow it. */
export interface Feed {
  publish(event: FeedEvent): void;
  /** Calls the listener with every event from now on. @returns A function that stops it. */
  listen(filter: FeedFilter, listener: (event: FeedEvent) => void): () => void;
}

export const createFeed = (): Feed => {
  const listeners = new Set<{ filter: FeedFilter; listener: (event: FeedEvent) => void }>();
  return {
    publish(event) {
      for (const { filter, listener } of listeners) {
        const isMeant =
          (filter.userId === undefined || filter.userId === event.userId) &&
          (filter.sessionId === undefined || filter.sessionId === event.sessionId);
        if (isMeant) listener(event);
      }
    },
    listen(filter, listener) {
      const entry = { filter, listener };
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
  };
};
