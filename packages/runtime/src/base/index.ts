/** Small helpers that any folder may use and that use none of them. */
export { isoTime } from "./iso-time.ts";
export { countOf, listOf, parseObject, textOf } from "./json.ts";
export { startTimeLimit, type TimeLimit } from "./time-limit.ts";
