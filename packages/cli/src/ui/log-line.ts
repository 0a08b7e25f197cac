import type { LogRecord } from "../base/log-record.ts";
import type { Colours } from "./colours.ts";

/** Of a value without blanks, quotes and control characters, which would break the line or write to the terminal. */
const isPlain = (text: string): boolean => /^[^\s"=\p{C}]+$/u.test(text);

const valueText = (value: unknown): string =>
  typeof value === "string" && isPlain(value) ? value : JSON.stringify(value);

/** Formats a record of a log as one line: `2026-01-31 09:05:00 INFO  knowledge ready agent=orchardist`. */
export const logLine = ({ level, time, message, fields }: LogRecord, colours: Colours): string => {
  const paint = { debug: colours.dim, info: colours.green, warn: colours.yellow, error: colours.red };
  const name = (level === "critical" ? colours.red : paint[level])(level.toUpperCase().padEnd(5));
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${colours.dim(`${key}=`)}${valueText(value)}`);
  const when = time === undefined ? [] : [colours.dim(new Date(time).toLocaleString("sv-SE"))];
  return [...when, name, message.replaceAll(/[\s\p{C}]+/gu, " "), ...rest].join(" ").trimEnd();
};
