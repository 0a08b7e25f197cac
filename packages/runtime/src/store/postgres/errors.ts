import { asError } from "@muxi/http";
import { StorageUnavailableError } from "../database/index.ts";

/** The SQLSTATE of an error, or the code that Node gives it; empty when it has none. */
export const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";

/** Whether an error was sent by the server. Any other comes from the connection. */
export const isFromServer = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "severity" in error;

/**
 * SQLSTATE classes: connection exception, transaction that was idle for too long, insufficient resources, operator
 * intervention, system error.
 */
const passing = /^(08|25P03|53|57P|58)/;

/** Whether the server ended a transaction since nothing came: what was sent too late, a commit too, was not done. */
export const isIdledOut = (error: unknown): boolean => codeOf(error) === "25P03";

/** The connection keeps a statement prepared whose columns have another type since. */
const isStale = (error: unknown): boolean =>
  codeOf(error) === "0A000" && error instanceof Error && error.message.includes("cached plan");

/** Login refused, database gone, schema gone, column or table gone, statement that took too long. */
const lasting = /^(28|3D|3F|42703|42P01|57014)/;

/**
 * Whether the connection, the server, or its disk failed, and not the statement: on another connection it may succeed.
 * The one that it happened on is not used again.
 */
export const isPassing = (error: unknown): boolean =>
  isFromServer(error)
    ? passing.test(codeOf(error)) || isStale(error)
    : /^E[A-Z]+$/.test(codeOf(error)) ||
      (error instanceof Error && /connection|not queryable/i.test(error.message));

/** Serialisation failure and deadlock, of a read with a migration too: the statement or transaction is to be repeated. */
export const isCollision = (error: unknown): boolean => /^40(001|P01)$/.test(codeOf(error));

/** Whether the database cannot be used: that it may be used again is not up to the statement. */
export const isUnavailable = (error: unknown): boolean =>
  isPassing(error) || (isFromServer(error) && lasting.test(codeOf(error)));

/** What there is to do about a database that cannot be used. */
const remedyOf = (error: unknown): string => {
  const code = codeOf(error);
  if (code === "57014")
    return "raise memory.persistent.query_timeout_seconds, or look for what slows it down";
  if (/^(3D|3F|42)/.test(code))
    return "it is not the database that the formation has opened: restore it, or restart the formation to begin anew";
  return "check that it runs, and its disk";
};

export const unavailable = (cause: unknown) =>
  new StorageUnavailableError(
    `the Postgres database cannot be used (${asError(cause).message}): ${remedyOf(cause)}`,
    { cause },
  );
