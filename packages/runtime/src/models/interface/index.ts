/** The interface of models: messages and tools in, deltas out, and errors. */
export { partsOfMessage, plainText } from "./content.ts";
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
