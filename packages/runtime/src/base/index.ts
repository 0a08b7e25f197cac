/** Small helpers that any folder may use and that use none of them. */
export { countOf, isObject, type JsonObject, listOf, parseObject, textOf } from "./json.ts";
export { startTimeLimit, type TimeLimit } from "./time-limit.ts";
