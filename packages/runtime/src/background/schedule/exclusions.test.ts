import { parseCron } from "@muxi/formation";
import { expect, test } from "vitest";
import { type Exclusion, exclusionSchema, nextAllowed } from "./exclusions.ts";

const begin = Date.parse("2026-11-01T00:00:00Z");

const datesOf = (cron: string, exclusion: Exclusion): number[] => {
  const dates: number[] = [];
  let time: number | undefined = begin;
  while (time !== undefined) {
    time = nextAllowed({ cron: parseCron(cron), exclusions: [exclusion] }, "UTC", time);
    if (time === undefined || time >= Date.parse("2026-12-01T00:00:00Z")) break;
    dates.push(new Date(time).getUTCDate());
  }
  return dates;
};

/** November 2026 begins on a Sunday and has 30 days. */
test.each<[string, Exclusion["type"], string, number[]]>([
  ["0 9 * * 1", "complex_date", "first_monday_of_month", [9, 16, 23, 30]],
  ["0 9 * * 1", "complex_date", "last_monday_of_month", [2, 9, 16, 23]],
  ["0 9 * * 1", "complex_date", "nth_weekday:3:monday", [2, 9, 23, 30]],
  ["0 9 28-30 * *", "complex_date", "nth_day:29", [28, 30]],
  ["0 9 28-30 * *", "complex_date", "last_day_minus:2", [29, 30]],
  ["0 9 * * 5-7", "cron", "* * * * 0,6", [6, 13, 20, 27]],
  ["0 9 * * 1", "cron", "0 9 16 11 *", [2, 9, 23, 30]],
  ["0 9 * * 1", "cron", "5 9 * * *", [2, 9, 16, 23, 30]],
])("%s without %s %s", (cron, type, rule, dates) => {
  expect(datesOf(cron, { type, rule })).toEqual(dates);
});

test("a schedule that is excluded altogether has no next moment", () => {
  const schedule = {
    cron: parseCron("0 9 * * 1"),
    exclusions: [{ type: "cron" as const, rule: "* * * * *" }],
  };
  expect(nextAllowed(schedule, "UTC", begin)).toBeUndefined();
});

test.each([
  { type: "cron", rule: "weekends" },
  { type: "complex_date", rule: "first_moonday_of_month" },
  { type: "complex_date", rule: "nth_day:32" },
  { type: "holiday", rule: "christmas" },
])("%j is no rule", (rule) => {
  expect(exclusionSchema().safeParse(rule).success).toBe(false);
});
