/** The interface of models: messages and tools in, deltas out, and errors. */
export { partsOfMessage, plainText, sharedEnds, turnStart } from "./content.ts";
export {
  ContextTooLongError,
  cutOffError,
  EmptyAnswerError,
  emptyAnswerError,
  keyPlaces,
  ModelError,
  type ModelErrorCode,
  malformedEventError,
  networkError,
  OversizeAnswerError,
  oversizeError,
  pageError,
  refusesSchema,
  refusesTools,
  timeoutError,
} from "./errors.ts";
export type * from "./model.ts";
export { eventError, noAnswerError, responseError } from "./provider-failures.ts";
export { noUsage, sumOfUsage, usageOf } from "./usage.ts";
