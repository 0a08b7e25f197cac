import { pino } from "pino";
import type { LogLevel } from "../config.ts";

export type Log = pino.Logger;

/** JSON lines on stdout, with the level by name and the time in RFC 3339. */
export const createLog = (level: LogLevel): Log =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
