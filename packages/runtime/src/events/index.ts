/** What happened in a request, in order, with ids: feeds streams and their resumption. */
export { EventLog, type FrameListener } from "./log.ts";
