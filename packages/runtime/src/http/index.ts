/** HTTP below the API: which path leads where, what a body holds, and requests that are none. */
export { readJson } from "./body.ts";
export { createRouter, type Match, type Router } from "./router.ts";
export { answerUnreadable } from "./unreadable.ts";
