import { pino } from "pino";
import type { LogLevel } from "../config.ts";

export type Log = pino.Logger;

/** Fields that are never written, in a line or in an object of it. */
const secretFields = ["authorization", "secret", "password", "token", "api_key", "client_key", "admin_key"];

/** Keys as this project makes them, wherever an error quotes one. */
const secretTexts = /\b(muxi_sk_|fm[ac]_|sk-)[\w-]{8,}/g;

const withoutSecrets = (text: string): string => text.replace(secretTexts, "$1[redacted]");

const serializeError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const { message, stack = "", ...fields } = pino.stdSerializers.err(error);
  return { ...fields, message: withoutSecrets(message), stack: withoutSecrets(stack) };
};

/**
 * JSON lines with the level by name and the time in RFC 3339, without secrets.
 *
 * @param destination Default: stdout.
 */
export const createLog = (level: LogLevel, destination: pino.DestinationStream = pino.destination(1)): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretFields.flatMap((name) => [name, `*.${name}`]),
        censor: "[redacted]",
      },
      serializers: { err: serializeError },
    },
    destination,
  );
