import { describe, expect, test } from "vitest";
import { ClockError } from "./clock.ts";
import { readPhrase } from "./phrases.ts";

/** A Tuesday, 10:00 in Paris. */
const now = Date.parse("2026-11-24T09:00:00Z");
const context = { zone: "Europe/Paris", defaultTime: { hour: 8, minute: 30 }, now };

describe("again and again", () => {
  test.each([
    ["every 5 minutes", "*/5 * * * *"],
    ["every minute", "* * * * *"],
    ["every 2 hours", "0 */2 * * *"],
    ["hourly", "0 * * * *"],
    ["every hour", "0 * * * *"],
    ["every day", "30 8 * * *"],
    ["Daily.", "30 8 * * *"],
    ["daily at 7:15", "15 7 * * *"],
    ["every 3 days", "30 8 */3 * *"],
    ["every other day at noon", "0 12 */2 * *"],
    ["every week", "30 8 * * 1"],
    ["weekly", "30 8 * * 1"],
    ["every month", "30 8 1 * *"],
    ["monthly", "30 8 1 * *"],
    ["monthly on the 15th at 6pm", "0 18 15 * *"],
    ["weekdays", "30 8 * * 1-5"],
    ["on business days at 9am", "0 9 * * 1-5"],
    ["every weekday at 9am", "0 9 * * 1-5"],
    ["at 9:00 every weekday", "0 9 * * 1-5"],
    ["weekends", "30 8 * * 0,6"],
    ["every Tue and Thu at 3pm", "0 15 * * 2,4"],
    ["Mondays, Wednesdays and Fridays", "30 8 * * 1,3,5"],
    ["every monday to friday at 21h15", "15 21 * * 1-5"],
    ["every morning", "0 9 * * *"],
    ["every day at noon", "0 12 * * *"],
    ["every afternoon", "0 14 * * *"],
    ["every evening", "0 18 * * *"],
    ["every day at midnight", "0 0 * * *"],
    ["every day at 9am", "0 9 * * *"],
    ["every day at 12am", "0 0 * * *"],
    ["every day at 12:30 pm", "30 12 * * *"],
    ["every day at 9:30pm", "30 21 * * *"],
    ["every day at 15:30", "30 15 * * *"],
  ])("%s", (phrase, cron) => {
    expect(readPhrase(phrase, context)).toEqual({ kind: "recurring", cron, exclusions: [] });
  });

  test.each([
    ["every day at 9am except weekends", "0 9 * * *", { type: "cron", rule: "* * * * 0,6" }],
    ["daily, except on fridays", "30 8 * * *", { type: "cron", rule: "* * * * 5" }],
    [
      "every monday except the first monday of the month",
      "30 8 * * 1",
      { type: "complex_date", rule: "first_monday_of_month" },
    ],
    [
      "weekdays except the second tuesday of the month",
      "30 8 * * 1-5",
      { type: "complex_date", rule: "nth_weekday:2:tuesday" },
    ],
    [
      "daily except the last day of the month",
      "30 8 * * *",
      { type: "complex_date", rule: "last_day_minus:0" },
    ],
  ])("%s", (phrase, cron, exclusion) => {
    expect(readPhrase(phrase, context)).toEqual({ kind: "recurring", cron, exclusions: [exclusion] });
  });
});

test.each([
  ["in 10 minutes", "2026-11-24T09:10"],
  ["in 2 hours", "2026-11-24T11:00"],
  ["in half an hour", "2026-11-24T09:30"],
  ["today at 5pm", "2026-11-24T16:00"],
  ["tomorrow", "2026-11-25T07:30"],
  ["tomorrow at 7am", "2026-11-25T06:00"],
  ["tomorrow evening", "2026-11-25T17:00"],
  ["next week", "2026-11-30T07:30"],
  ["in 3 days", "2026-11-27T07:30"],
  ["in 2 weeks at noon", "2026-12-08T11:00"],
  ["next Tuesday at 10:00", "2026-12-01T09:00"],
  ["this friday", "2026-11-27T07:30"],
  ["on 24 December at 6pm", "2026-12-24T17:00"],
  ["on March 1st", "2027-03-01T07:30"],
  ["2027-07-01 at 9am", "2027-07-01T07:00"],
])("once: %s", (phrase, at) => {
  const meaning = readPhrase(phrase, context);
  expect(meaning?.kind === "one_time" && new Date(meaning.at).toISOString().slice(0, 16)).toBe(at);
});

test.each(["every day at 25:00", "tomorrow at 13pm", "daily at 9:75", "every day at 0am"])(
  "%s is refused, not guessed",
  (phrase) => {
    expect(() => readPhrase(phrase, context)).toThrow(ClockError);
  },
);

test.each([
  "every 90 minutes",
  "every day until christmas",
  "every full moon",
  "today",
  "at noon",
  "monday",
  "every second tuesday of the quarter",
  "every 0 minutes",
  "every 5 minutes at 9am",
  "on 31 February",
  "every day at 9am and at 5pm",
  "daily except when it rains",
  "soon",
  "",
])("%j is left to the model", (phrase) => {
  expect(readPhrase(phrase, context)).toBeUndefined();
});
