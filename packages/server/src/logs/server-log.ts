import { isObject } from "@muxi/protocol";
import { pino } from "pino";
import type { LogLevel } from "./levels.ts";

export type Log = pino.Logger;

/** Fields that are never logged, neither of a line nor of an object in it. */
const secretFields: ReadonlySet<string> = new Set([
  "authorization",
  "secret",
  "password",
  "token",
  "api_key",
  "client_key",
  "admin_key",
]);

const hidden = "[redacted]";

/** Keys in this project's format, wherever an error quotes one. */
const secretTexts = /\b(muxi_sk_|fm[ac]_|sk-)[\w-]{8,}/g;

const withoutSecrets = (text: string): string => text.replace(secretTexts, `$1${hidden}`);

type Fields = Record<string, unknown>;

/** Copies the fields only if there is something to hide, which is rare. */
const hideSecrets = (fields: Fields, hideWithin: (value: unknown) => unknown = (value) => value): Fields => {
  let result = fields;
  for (const name in fields) {
    const value = fields[name];
    const shown = secretFields.has(name) ? hidden : hideWithin(value);
    if (shown === value) continue;
    if (result === fields) result = { ...fields };
    result[name] = shown;
  }
  return result;
};

const serializeError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const { message, stack = "", ...fields } = pino.stdSerializers.err(error);
  return { ...hideSecrets(fields), message: withoutSecrets(message), stack: withoutSecrets(stack) };
};

/** Errors have a serializer of their own. */
const hideInLine = (fields: Fields): Fields =>
  hideSecrets(fields, (value) => (isObject(value) && !(value instanceof Error) ? hideSecrets(value) : value));

const gatherMs = 10;

/**
 * Standard output, in one write for the lines of a few milliseconds. A write for each line would take a third of a
 * busy server's time: writes are done by a thread, so that a slow reader does not block the server, and waking the
 * thread is what costs most.
 */
const gatheredOutput = (): pino.DestinationStream => {
  const output = pino.destination({ dest: 1, sync: false });
  let lines = "";
  const flush = (): void => {
    if (lines !== "") output.write(lines);
    lines = "";
  };
  process.on("exit", () => {
    flush();
    output.flushSync();
  });
  return {
    write(line) {
      if (lines === "") setTimeout(flush, gatherMs);
      lines += line;
    },
  };
};

/**
 * Creates the server's log: JSON lines with the level's name and the time in RFC 3339, without secrets.
 *
 * @param destination Default: stdout.
 */
export const createLog = (level: LogLevel, destination: pino.DestinationStream = gatheredOutput()): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: hideInLine },
      serializers: { err: serializeError },
    },
    destination,
  );
