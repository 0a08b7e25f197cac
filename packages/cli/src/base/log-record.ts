import * as z from "zod";
import { parseJson } from "./json.ts";

/** A line of a formation's log (docs/spec/server-api.md "Logs and audit"). */
export interface LogRecord {
  level: "debug" | "info" | "warn" | "error" | "critical";
  /** Unix milliseconds. */
  time: number | undefined;
  message: string;
  /** What else there is to know, without what every line has. */
  fields: Readonly<Record<string, unknown>>;
}

const errorSchema = z.object({ message: z.string() });

/** What the process itself has to say, written by pino. */
const processLineSchema = z.looseObject({
  level: z.number(),
  time: z.number().optional(),
  msg: z.string().default(""),
});

/** An event of a conversation, whose destination is the standard output. */
const eventLineSchema = z.looseObject({
  level: z.enum(["debug", "info", "warn", "error"]),
  timestamp: z.number(),
  event: z.string(),
  request: z.record(z.string(), z.unknown()).default({}),
  data: z.record(z.string(), z.unknown()).default({}),
});

const levelOf = (level: number): LogRecord["level"] =>
  level < 30 ? "debug" : level < 40 ? "info" : level < 50 ? "warn" : level < 60 ? "error" : "critical";

const processRecord = (parsed: unknown): LogRecord | undefined => {
  const { data } = processLineSchema.safeParse(parsed);
  if (!data) return undefined;
  const { level, time, msg, err, formation: _, pid: _pid, hostname: _hostname, ...fields } = data;
  const cause = errorSchema.safeParse(err).data?.message;
  return {
    level: levelOf(level),
    time,
    message: msg || cause || "",
    fields: { ...(cause !== undefined && msg !== "" && { cause }), ...fields },
  };
};

const eventRecord = (parsed: unknown): LogRecord | undefined => {
  const { data } = eventLineSchema.safeParse(parsed);
  if (!data) return undefined;
  const { id, user_id: user, session_id: session } = data.request;
  const fields = { request: id, user, session, ...data.data };
  return { level: data.level, time: data.timestamp, message: data.event, fields };
};

/** A line of the process itself; undefined for an event of a conversation, and for what is no record. */
export const readProcessRecord = (line: string): LogRecord | undefined => processRecord(parseJson(line));

/** Undefined for what is no record, such as the output of a tool. */
export const readLogRecord = (line: string): LogRecord | undefined => {
  const parsed = parseJson(line);
  return processRecord(parsed) ?? eventRecord(parsed);
};
