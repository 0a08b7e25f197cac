/** The errors that this package throws, and which of them a failure of the server becomes. */
export { errorOfCode, errorOfStatus, invalidResponse } from "./classify.ts";
export * from "./errors.ts";
