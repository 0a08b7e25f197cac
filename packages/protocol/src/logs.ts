import * as z from "zod";
import { type Infer, lazy, named } from "./lazy.ts";

/** A line of the log stream (docs/spec/formation-api.md "Log stream"). */
export const logEntrySchema = named("LogEntry", () =>
  z.object({
    timestamp: z.number().describe("Unix milliseconds"),
    level: z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
    event_type: z.string(),
    user_id: z.string().nullable(),
    session_id: z.string().nullable(),
    request_id: z.string().nullable(),
    agent_id: z.string().nullable(),
    message: z.string().nullable(),
    data: z.record(z.string(), z.unknown()).nullable(),
  }),
);

export type LogEntry = Infer<typeof logEntrySchema>;

const filter = z.string().min(1).max(256).optional();

export const logFilterSchema = lazy(() =>
  z.object({
    user_id: filter,
    session_id: filter,
    request_id: filter,
    agent_id: filter,
    level: logEntrySchema().shape.level.optional().describe("This level only"),
    event_type: filter.describe("May hold `*`"),
  }),
);
