/** What happened, in order and with ids: streams, their resumption, and what users may watch. */
export { createFeed, type Feed, type FeedFilter, feedEventTypes } from "./feed.ts";
export { EventLog } from "./log.ts";
