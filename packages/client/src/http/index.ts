/** Sends one call: options, retries, deadlines, errors, envelopes and pages. */
export {
  fillPath,
  optionalHeader,
  type Query,
  queryString,
  requireKnown,
  requireObjects,
  requireText,
  segment,
} from "./arguments.ts";
export { joined, readBody, requireSize, wholeText } from "./body.ts";
export { unexpected } from "./failure.ts";
export type { Attempt, AttemptResponse, AttemptRetry, Hooks } from "./hooks.ts";
export { newRequestId } from "./ids.ts";
export { createLifetime, type Lifetime } from "./lifetime.ts";
export { checkCallOptions, type Limits, limitsOf } from "./limits.ts";
export { type Fields, fieldsOf, firstText, isObject, parseJson } from "./objects.ts";
export { createPages, type Pages } from "./pages.ts";
export { growingDelay } from "./retry.ts";
export {
  type ApiCall,
  type CallOptions,
  call,
  callJson,
  explain,
  type Fetch,
  type FetchInit,
  jsonInit,
  type Method,
  type RequestBody,
  type StreamOptions,
  send,
} from "./send.ts";
export {
  createTransport,
  environment,
  requireUrl,
  type Transport,
  type TransportOptions,
  transportOptions,
} from "./transport.ts";
export type { Result, ResultMeta } from "./unwrap.ts";
export { version } from "./version.ts";
