/** What happened, in order and with ids: streams, their resumption, and what users may watch. */
export { createFeed, type Feed, type FeedEvent, type FeedFilter, feedEventTypes } from "./feed.ts";
export { EventLog, type FrameListener } from "./log.ts";
