/** HTTP below the API: which path leads where, and what a body holds. */
export { readJson } from "./body.ts";
export { createRouter, type Match, type Router } from "./router.ts";
