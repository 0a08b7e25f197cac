import { CronError, looksLikeCron, parseCron } from "@muxi/formation";
import { Cron } from "croner";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextMoment } from "./cron.ts";

const begin = Date.parse("2026-01-01T00:00:00Z");
const end = Date.parse("2036-01-01T00:00:00Z");

const zones = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Sydney"];

const expressions = [
  "0 9 * * *",
  "0 2 * * *",
  "30 0 1 * *",
  "0 12 * * tue",
  "45 23 * * 0",
  "0 6 29 2 *",
  "0 0 13 * 5",
  "5 4 31 * *",
  "0 1,3 * 3,10 sun",
];

const ours = (expression: string, zone: string): string[] => {
  const cron = parseCron(expression);
  const moments: string[] = [];
  for (let time = nextMoment(cron, zone, begin); time !== undefined && time < end; ) {
    moments.push(new Date(time).toISOString());
    time = nextMoment(cron, zone, time);
  }
  return moments;
};

const theirs = (expression: string, zone: string): string[] => {
  const moments: string[] = [];
  const schedule = new Cron(expression, { timezone: zone, mode: "5-part", fixedTimeRule: "no-wildcard" });
  for (let time = schedule.nextRun(new Date(begin)); time && time.getTime() < end; ) {
    moments.push(time.toISOString());
    time = schedule.nextRun(time);
  }
  return moments;
};

describe.each(zones)("ten years in %s", (zone) => {
  test.each(expressions)("%s is what an independent library says", (expression) => {
    const moments = ours(expression, zone);
    expect(moments.length).toBeGreaterThan(1);
    expect(moments).toEqual(theirs(expression, zone));
  });
});

test("any expression runs when an independent library says", () => {
  const field = (least: number, most: number) => {
    const number = fc.integer({ min: least, max: most });
    const step = fc.integer({ min: 1, max: Math.max(most - least, 1) });
    const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
    const part = fc.oneof(
      number.map(String),
      range,
      step.map((every) => `*/${every}`),
      fc.tuple(range, step).map(([from, every]) => `${from}/${every}`),
    );
    return fc.oneof(
      { weight: 2, arbitrary: fc.constant("*") },
      fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(",")),
    );
  };
  const expression = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7));
  fc.assert(
    fc.property(expression, fc.integer({ min: begin, max: end }), (fields, from) => {
      const text = fields.join(" ");
      const theirs = new Cron(text, { timezone: "UTC", mode: "5-part" }).nextRun(new Date(from));
      expect(nextMoment(parseCron(text), "UTC", from)).toBe(theirs?.getTime());
    }),
    { numRuns: 1000 },
  );
});

const next = (expression: string, zone: string, after: string, count = 1): string[] => {
  const moments: string[] = [];
  let time = Date.parse(after);
  for (let index = 0; index < count; index += 1) {
    time = nextMoment(parseCron(expression), zone, time) ?? Number.NaN;
    moments.push(new Date(time).toISOString().slice(0, 16));
  }
  return moments;
};

describe("when the clock is changed", () => {
  test("a skipped time runs at the next valid moment, once", () => {
    expect(next("30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", 2)).toEqual([
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(next("*/20 2 * * *", "America/New_York", "2026-03-08T05:00:00Z", 2)).toEqual([
      "2026-03-08T07:00",
      "2026-03-09T06:00",
    ]);
    // Lord Howe's clock moves by half an hour.
    expect(next("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z")).toEqual(["2026-10-03T15:30"]);
  });

  test("a repeated time runs once", () => {
    expect(next("30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    expect(next("20 1-3 * * *", "Europe/Paris", "2026-10-24T23:00:00Z", 3)).toEqual([
      "2026-10-24T23:20",
      "2026-10-25T00:20",
      "2026-10-25T02:20",
    ]);
  });

  test("every half hour stays every half hour", () => {
    expect(next("*/30 * * * *", "Europe/Paris", "2026-10-25T00:10:00Z", 4)).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:00",
    ]);
    expect(next("*/30 * * * *", "Europe/Paris", "2026-03-29T00:30:00Z", 2)).toEqual([
      "2026-03-29T01:00",
      "2026-03-29T01:30",
    ]);
  });
});

test("names, 7 for Sunday and words are understood", () => {
  const from = "2026-07-01T00:00:00Z";
  expect(next("0 9 * jul MON-wed", "UTC", from)).toEqual(["2026-07-01T09:00"]);
  expect(next("0 9 * * 7", "UTC", from)).toEqual(["2026-07-05T09:00"]);
  expect(next("0 9 * * 5-7", "UTC", from, 3)).toEqual([
    "2026-07-03T09:00",
    "2026-07-04T09:00",
    "2026-07-05T09:00",
  ]);
  expect(next("@monthly", "UTC", from)).toEqual(["2026-08-01T00:00"]);
});

test("either day is enough where neither is *, even where one names all of them", () => {
  const from = "2026-07-01T00:00:00Z";
  expect(next("0 9 1-31 * mon", "UTC", from, 2)).toEqual(["2026-07-01T09:00", "2026-07-02T09:00"]);
  expect(next("0 9 1 * 0-6", "UTC", from, 2)).toEqual(["2026-07-01T09:00", "2026-07-02T09:00"]);
  expect(next("0 9 * * mon", "UTC", from)).toEqual(["2026-07-06T09:00"]);
});

test("a range of weekdays may pass the end of the week", () => {
  expect(next("0 9 * * FRI-MON", "UTC", "2026-07-01T00:00:00Z", 5)).toEqual([
    "2026-07-03T09:00",
    "2026-07-04T09:00",
    "2026-07-05T09:00",
    "2026-07-06T09:00",
    "2026-07-10T09:00",
  ]);
});

test("a day that never comes has no next moment", () => {
  expect(nextMoment(parseCron("0 0 31 2 *"), "UTC", begin)).toBeUndefined();
});

test.each([
  ["61 * * * *", "its minute has '61', which is not between 0 and 59"],
  ["* 24 * * *", "its hour has '24', which is not between 0 and 23"],
  ["* * 0 * *", "its day of month has '0', which is not between 1 and 31"],
  ["* * * 13 *", "its month has '13', which is not between 1 and 12"],
  ["* * * * 8", "its day of week has '8', which is not between 0 and 7"],
  ["* * L * *", "its day of month has 'l', which is not between 1 and 31"],
  ["*/0 * * * *", "its minute '*/0' cannot be read"],
  ["*/90 * * * *", "its minute '*/90' has a step above 59"],
  ["5-1 * * * *", "its minute '5-1' ends before it begins"],
  ["1-2-3 * * * *", "its minute '1-2-3' cannot be read"],
  [", * * * *", "its minute ',' cannot be read"],
  ["* * * *", "it has 4 field(s) and not five: minute, hour, day, month, day of week"],
  ["0 9 1-7 jan FRO", "its day of week has 'fro', which is not between 0 and 7"],
  ["0 0 9 * * *", "it has 6 field(s) and not five: minute, hour, day, month, day of week"],
  [`${"1,".repeat(60)}1 * * * *`, "it is longer than 100 characters"],
])("%s is refused", (text, reason) => {
  expect(looksLikeCron(text)).toBe(true);
  expect(() => parseCron(text)).toThrow(new CronError(reason));
});

test.each(["every day", "2026-11-24T09:00:00Z", "in 5 minutes", "", "daily at 9"])(
  "%j is no cron",
  (text) => {
    expect(looksLikeCron(text)).toBe(false);
  },
);
