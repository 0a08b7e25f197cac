/** Small helpers that any folder may use, and that use no other folder. */
export { approvalToken, type LinkedInterrupt, linkedBy } from "./approval-link.ts";
export { type CallerSpan, callerSpanOf } from "./caller-span.ts";
export { canonicalJson } from "./canonical-json.ts";
export { fewAtOnce } from "./few-at-once.ts";
export { firstOf } from "./first-of.ts";
export { createGate } from "./gate.ts";
export { matcherOf } from "./glob.ts";
export { isoTime } from "./iso-time.ts";
export {
  countOf,
  deepestJson,
  isTooDeep,
  listOf,
  mostJsonValues,
  objectWithin,
  parseJson,
  parseObject,
  textOf,
} from "./json.ts";
export { problemsOf, referredIn } from "./json-schema.ts";
export { schemaProblem } from "./schema-limits.ts";
export { isNames, listKeys, mapKeys, schemaKeys } from "./schema-places.ts";
export { createTally } from "./tally.ts";
export { startTimeLimit } from "./time-limit.ts";
export { userLimits } from "./user-limits.ts";
export { plainWords } from "./words.ts";
export { createWorker, type Worker } from "./worker.ts";
