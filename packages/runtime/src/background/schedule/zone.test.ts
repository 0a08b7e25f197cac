import { expect, test } from "vitest";
import { writtenTimeAt } from "./zone.ts";

const newYear = Date.parse("2026-12-31T23:30:00Z");

test.each([
  ["UTC", { date: "2026-12-31", weekday: "Thursday", time: "23:30" }],
  ["Asia/Kolkata", { date: "2027-01-01", weekday: "Friday", time: "05:00" }],
  ["America/New_York", { date: "2026-12-31", weekday: "Thursday", time: "18:30" }],
])("date, weekday and time of day in %s", (zone, written) => {
  expect(writtenTimeAt(newYear, zone)).toEqual(written);
});
