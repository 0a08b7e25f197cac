/** The interface of models: messages and tools in, deltas out, and errors. */
export { partsOfMessage, plainText, sharedEnds, turnStart } from "./content.ts";
export {
  ContextTooLongError,
  cutOffError,
  EmptyAnswerError,
  emptyAnswerError,
  eventError,
  ModelError,
  malformedEventError,
  networkError,
  noAnswerError,
  pageError,
  refusesTools,
  responseError,
  timeoutError,
} from "./errors.ts";
export type * from "./model.ts";
export { noUsage, sumOfUsage, usageOf } from "./usage.ts";
