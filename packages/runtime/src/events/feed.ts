/** What a user can follow (docs/spec/formation-api.md "Feed of a user"). */
export const feedEventTypes = [
  "agent.selected",
  "chat.cancelled",
  "chat.completed",
  "chat.failed",
  "chat.started",
] as const;

/** Something that happened to a user. */
export interface FeedEvent {
  type: (typeof feedEventTypes)[number];
  message: string;
  userId: string;
  sessionId: string;
  requestId: string;
}

/** Whose events are wanted; all without a user. */
export interface FeedFilter {
  userId: string | undefined;
  sessionId?: string;
}

/** What happens in a formation, for those who watch. */
export interface Feed {
  publish(event: FeedEvent): void;
  /** Hears what comes from now on. @returns A function that ends it. */
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
