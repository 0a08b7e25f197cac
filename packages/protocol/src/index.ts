/** The wire, once: schemas, errors, ids, the route table and the OpenAPI document made from it. */
export {
  ApiError,
  type ApiErrorOptions,
  type ErrorCode,
  errorTable,
  headers,
  holdsMoreValues,
  type Infer,
  isObject,
  isRetryable,
  type JsonObject,
  type Lazy,
  type ListPlace,
  lazy,
  type NamedPlace,
  namesPrototype,
  newId,
  nextOf,
} from "./base/index.ts";
export { openApi } from "./openapi/index.ts";
export * from "./routes/index.ts";
export * from "./schemas/index.ts";
