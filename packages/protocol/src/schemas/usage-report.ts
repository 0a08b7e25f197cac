import * as z from "zod";
import { count, isoTime, lazy, named, orNull, text } from "../base/index.ts";

/** What the requests of a report are taken together by. */
export const usageGroups = ["user", "agent", "model", "day"] as const;

const isGroup = (name: string): name is (typeof usageGroups)[number] =>
  usageGroups.some((group) => group === name);

const groupBy = () =>
  z
    .string()
    .max(100)
    .default("model")
    .transform((written) => written.split(",").map((name) => name.trim()))
    .refine((names) => names.every(isGroup) && new Set(names).size === names.length, {
      error: `must be names among ${usageGroups.join(", ")}, each once, with commas between them`,
    })
    .transform((names) => names.filter(isGroup));

export const usageReportQuerySchema = lazy(() =>
  z.object({
    from: z.string().max(100).optional().describe("First time or day, ISO 8601; absent, 30 days before `to`"),
    to: z
      .string()
      .max(100)
      .optional()
      .describe("Time or day before which requests were made, ISO 8601; absent, now"),
    group_by: groupBy().describe(
      "What requests are taken together by: `user`, `agent`, `model` and `day`, with commas between them",
    ),
  }),
);

const spent = () => ({
  requests: count("requests, those that failed too"),
  failed_requests: count("requests that failed or were cancelled"),
  input_tokens: count("tokens that models read"),
  output_tokens: count("tokens that models wrote"),
  cached_tokens: count("tokens of those read that came from a provider's cache"),
  cache_write_tokens: count("tokens of those read that went into a provider's cache"),
  cost: orNull(
    z.number().describe("What they cost in US dollars; null when no price of their models is known"),
  ),
  unpriced_requests: count("requests whose model has no known price: `cost` is without them"),
});

export const usageRowSchema = named("UsageRow", "What some requests have used, taken together.", () =>
  z.object({
    user_id: text("Their user, where they are taken together by `user`").optional(),
    agent_id: text("Agent that answered, where they are taken together by `agent`").optional(),
    model: text("Its model, where they are taken together by `model`").optional(),
    day: text(
      "The day they were made, `YYYY-MM-DD` in UTC, where they are taken together by `day`",
    ).optional(),
    ...spent(),
  }),
);

/** docs/spec/formation-api.md "Usage". */
export const usageReportSchema = named("UsageReport", "What requests have used and cost.", () =>
  z.object({
    from: isoTime("First time of the report"),
    to: isoTime("Time at which it ends"),
    currency: z.literal("USD").describe("Currency of every `cost`"),
    rows: z.array(usageRowSchema()).describe("One for each group, the most expensive first, then by tokens"),
    total: usageRowSchema().describe("All of them together"),
  }),
);
