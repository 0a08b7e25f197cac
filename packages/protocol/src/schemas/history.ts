import * as z from "zod";
import { before, count, flag, isoTime, lazy, limit, named, next, text } from "../base/index.ts";

/** A day means its beginning, or with `end` its end. */
const date = (what: string, end: boolean) =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })], {
      error: "must be an ISO 8601 day or time, such as 2026-01-31 or 2026-01-31T08:00:00Z",
    })
    .transform((value) => {
      if (/^\d{4}-\d\d-\d\d$/.test(value)) return Date.parse(value) + (end ? 86_400_000 - 1 : 0);
      return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`);
    })
    .describe(`${what}, an ISO 8601 day or time; UTC when it names no zone`);

/** docs/spec/formation-api.md "History". */
export const historyQuerySchema = lazy(() =>
  z.object({
    limit: limit("Conversations to return", 100, 10),
    before: before(),
    date_from: date("Only conversations that were active at or after this", false).optional(),
    date_to: date("Only conversations that were active at or before this", true).optional(),
    include_sources: flag("Whether each entry has its newest messages; default false").prefault("false"),
  }),
);

export const historyEntrySchema = named("HistoryEntry", "A conversation of the past.", () =>
  z.object({
    id: text("Id of the entry"),
    session_id: text("Session of the conversation"),
    title: text("How the conversation began, at most 200 characters"),
    message_count: count("messages"),
    created_at: isoTime("When it began"),
    last_activity: isoTime("When something last happened in it"),
    sources: z
      .array(
        z.object({
          message_id: text("Id of the stored message"),
          role: text("Who said it: `user`, `assistant` or `system`"),
          content: text("What was said"),
          timestamp: isoTime("When it was said"),
        }),
      )
      .optional()
      .describe("Its newest 20 messages; absent unless asked for"),
  }),
);

export const historySchema = named("History", "Conversations of a user between two days.", () =>
  z.object({
    entries: z.array(historyEntrySchema()).describe("The conversations, newest first"),
    count: count("conversations in this answer"),
    next: next(),
  }),
);
