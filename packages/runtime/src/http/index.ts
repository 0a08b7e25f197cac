/** HTTP below the API: requests and answers, which path leads where, what a body holds, and requests that are none. */
export { type Answer, PlainAnswer } from "./answer.ts";
export { readJson } from "./body.ts";
export { type Incoming, nodeIncoming, plainIncoming } from "./incoming.ts";
export { createRouter, type Match, type Router } from "./router.ts";
export { answerUnreadable } from "./unreadable.ts";
