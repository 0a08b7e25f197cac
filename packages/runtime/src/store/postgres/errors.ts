import { asError } from "@muxi/http";
import { StorageUnavailableError } from "../database/index.ts";

/** Its SQLSTATE, or the code that Node gives it; empty without. */
export const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";

/** Whether the server said it. Anything else comes from the connection. */
export const isAnswer = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "severity" in error;

/** SQLSTATE classes: connection exception, insufficient resources, operator intervention, system error. */
const outside = /^(08|53|57P|58)/;

/** Whether the statement could not be run for a reason outside it: the connection, the server, its disk. */
export const isUnavailable = (error: unknown): boolean =>
  isAnswer(error)
    ? outside.test(codeOf(error))
    : /^E[A-Z]+$/.test(codeOf(error)) ||
      (error instanceof Error && /connection|not queryable|Cannot use a pool/i.test(error.message));

export const unavailable = (cause: unknown) =>
  new StorageUnavailableError(
    `the Postgres database cannot be used (${asError(cause).message}): check that it runs, and its disk`,
    { cause },
  );
