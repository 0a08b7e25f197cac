import { asError } from "@muxi/http";
import { StorageUnavailableError } from "../database/index.ts";

/** The SQLSTATE of an error, or the code that Node gives it; empty when it has none. */
export const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";

/** Whether an error was sent by the server. Any other comes from the connection. */
export const isFromServer = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "severity" in error;

/** SQLSTATE classes: connection exception, insufficient resources, operator intervention, system error. */
const outside = /^(08|53|57P|58)/;

/** Whether the cause lies outside the statement: the connection, the server, or its disk. */
export const isUnavailable = (error: unknown): boolean =>
  isFromServer(error)
    ? outside.test(codeOf(error))
    : /^E[A-Z]+$/.test(codeOf(error)) ||
      (error instanceof Error && /connection|not queryable|Cannot use a pool/i.test(error.message));

export const unavailable = (cause: unknown) =>
  new StorageUnavailableError(
    `the Postgres database cannot be used (${asError(cause).message}): check that it runs, and its disk`,
    { cause },
  );
