import { Cron } from "croner";
import { parseCron } from "../../packages/formation/src/base/cron.ts";
import { nextMoment } from "../../packages/runtime/src/background/schedule/cron.ts";
import { nextAllowed } from "../../packages/runtime/src/background/schedule/exclusions.ts";
import { type Comparison, cpuOf, type Part } from "./part.ts";

const from = Date.parse("2026-06-01T10:11:12Z");
const hour = 3_600_000;
const times = 1_000;

/** As the scheduler would use it: five fields, and clock changes by the rule that is nearest to ours. */
const options = (timezone: string) => ({ timezone, mode: "5-part", fixedTimeRule: "no-wildcard" }) as const;

const repeat = (work: (at: number) => unknown) =>
  cpuOf(() => {
    for (let index = 0; index < times; index++) work(from + index * hour);
    return times;
  });

const nextRun = (label: string, expression: string, zone: string): Comparison => {
  const ours = parseCron(expression);
  const theirs = new Cron(expression, options(zone));
  return {
    label,
    unit: "µs",
    contenders: [
      { name: "ours", sample: repeat((at) => nextMoment(ours, zone, at)) },
      { name: "croner", sample: repeat((at) => theirs.nextRun(new Date(at))) },
    ],
  };
};

const read = (expression: string): Comparison => ({
  label: `reading \`${expression}\``,
  unit: "µs",
  contenders: [
    { name: "ours", sample: repeat(() => parseCron(expression)) },
    { name: "croner", sample: repeat(() => new Cron(expression, options("UTC"))) },
  ],
});

const friday = Date.parse("2026-06-05T21:59:00Z");
const weekend = "* * * * 0,6";

const pastWeekend = (zone: string): Comparison => {
  const every = parseCron("* * * * *");
  const theirs = new Cron("* * * * *", options(zone));
  const excluded = new Cron(weekend, options(zone));
  return {
    label: "every minute but at weekends, on a Friday evening",
    unit: "µs",
    contenders: [
      {
        name: "ours",
        sample: cpuOf(() => {
          nextAllowed({ cron: every, exclusions: [{ type: "cron", rule: weekend }] }, zone, friday);
          return 1;
        }),
      },
      {
        name: "croner",
        sample: cpuOf(() => {
          let next = theirs.nextRun(new Date(friday));
          while (next && excluded.match(next)) next = theirs.nextRun(next);
          return 1;
        }),
      },
    ],
  };
};

export const cron: Part = {
  name: "cron",
  page: "cron.md",
  open: () => ({
    comparisons: [
      nextRun("next run of `*/15 * * * *` in UTC", "*/15 * * * *", "UTC"),
      nextRun("next run of `0 9 * * 1-5` in Paris", "0 9 * * 1-5", "Europe/Paris"),
      nextRun("next run of `0 0 1 * *` in Paris", "0 0 1 * *", "Europe/Paris"),
      nextRun("next run of `0 6 29 2 *` in Paris", "0 6 29 2 *", "Europe/Paris"),
      read("*/15 8-18 * * mon-fri"),
      pastWeekend("Europe/Paris"),
    ],
  }),
};
