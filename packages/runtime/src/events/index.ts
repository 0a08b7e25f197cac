/** What happened, in order and with ids: event streams, their resumption, and the feed that users follow. */
export { createFeed, type Feed, type FeedFilter, feedEventTypes } from "./feed.ts";
export { EventLog } from "./log.ts";
export { createRelay } from "./relay.ts";
