import * as z from "zod";
import { type Infer, lazy, named, orNull, text, unixMilliseconds } from "../base/index.ts";

/** docs/spec/formation-api.md "Log stream". */
export const logEntrySchema = named(
  "LogEntry",
  "Something that happened in the formation, in names and numbers: never what a user or a model said.",
  () =>
    z.object({
      timestamp: unixMilliseconds("When it happened"),
      level: z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]).describe("How serious it is"),
      event_type: text("Kind of the event, such as `request.completed`"),
      user_id: orNull(text("User that it concerns; null for none")),
      session_id: orNull(text("Session that it happened in; null for none")),
      request_id: orNull(text("Request that it belongs to; null for none")),
      agent_id: orNull(text("Agent that it concerns; null for none")),
      message: orNull(text("The event in words; null when its kind says it all")),
      data: orNull(
        z.record(z.string(), z.unknown()).describe("Details, such as durations and counts; null for none"),
      ),
    }),
);

export type LogEntry = Infer<typeof logEntrySchema>;

const filter = (what: string) =>
  z.string().min(1).max(256).optional().describe(`Only entries of this ${what}`);

export const logFilterSchema = lazy(() =>
  z.object({
    user_id: filter("user"),
    session_id: filter("session"),
    request_id: filter("request"),
    agent_id: filter("agent"),
    level: z
      .string()
      .toUpperCase()
      .pipe(logEntrySchema().shape.level)
      .optional()
      .describe("Only entries of this level, not of higher ones; in any case"),
    event_type: filter("kind").describe("Only entries of this kind; `*` stands for any text"),
  }),
);
