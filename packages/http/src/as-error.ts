/** What was thrown, as an `Error`: anything can be thrown in JavaScript. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
