import { type Cron, CronError, parseCron } from "@muxi/formation";
import { type Infer, lazy } from "@muxi/protocol";
import * as z from "zod";
import { matchesMinute, nextMoment } from "./cron.ts";
import { offsetAt } from "./zone.ts";

export const weekdayNames = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;

const weekday = `(${weekdayNames.join("|")})`;

const dateRules = {
  firstOfMonth: new RegExp(`^first_${weekday}_of_month$`),
  lastOfMonth: new RegExp(`^last_${weekday}_of_month$`),
  nthOfMonth: new RegExp(`^nth_weekday:([1-5]):${weekday}$`),
  nthDay: /^nth_day:([1-9]|[12]\d|3[01])$/,
  fromTheEnd: /^last_day_minus:(\d|[12]\d|30)$/,
};

const checkCron = (text: string, { addIssue }: z.core.$RefinementCtx<string>): void => {
  try {
    parseCron(text);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    addIssue(`is not a valid cron expression: ${error.message}`);
  }
};

/** When a recurring job does not run (docs/spec/formation-files.md "Exclusions"). */
export const exclusionSchema = lazy(() =>
  z.discriminatedUnion("type", [
    z.object({
      type: z.literal("cron"),
      rule: z.string().superRefine(checkCron),
    }),
    z.object({
      type: z.literal("complex_date"),
      rule: z
        .string()
        .refine(
          (rule) => Object.values(dateRules).some((pattern) => pattern.test(rule)),
          "is none of first_<weekday>_of_month, last_<weekday>_of_month, nth_weekday:N:<weekday>, nth_day:N and last_day_minus:N",
        ),
    }),
  ]),
);

/** Those of a job, as they are stored. */
export const exclusionsSchema = lazy(() => z.array(exclusionSchema()));

export type Exclusion = Infer<typeof exclusionSchema>;

const matchesDate = (rule: string, time: number, zone: string): boolean => {
  const local = new Date(time + offsetAt(time, zone));
  const date = local.getUTCDate();
  const name = weekdayNames[local.getUTCDay()];
  const lastDate = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  const captured = (pattern: RegExp, group = 1) => pattern.exec(rule)?.[group];
  const nth = captured(dateRules.nthOfMonth);
  const fromTheEnd = captured(dateRules.fromTheEnd);
  return (
    (captured(dateRules.firstOfMonth) === name && date <= 7) ||
    (captured(dateRules.lastOfMonth) === name && date > lastDate - 7) ||
    (nth !== undefined &&
      captured(dateRules.nthOfMonth, 2) === name &&
      Math.ceil(date / 7) === Number(nth)) ||
    captured(dateRules.nthDay) === String(date) ||
    (fromTheEnd !== undefined && date === lastDate - Number(fromTheEnd))
  );
};

/** Excluded moments to step over: far more than a weekend has minutes. */
const mostSkipped = 20_000;

/**
 * The first moment after a time that matches the expression and is not excluded; undefined when there is none in sight.
 */
export const nextAllowed = (
  { cron, exclusions }: { cron: Cron; exclusions: readonly Exclusion[] },
  zone: string,
  after: number,
): number | undefined => {
  const isExcluded = exclusions.map(({ type, rule }) => {
    if (type === "complex_date") return (time: number) => matchesDate(rule, time, zone);
    const excluded = parseCron(rule);
    return (time: number) => matchesMinute(excluded, zone, time);
  });
  let moment = nextMoment(cron, zone, after);
  for (let skipped = 0; moment !== undefined && skipped < mostSkipped; skipped += 1) {
    const time = moment;
    if (!isExcluded.some((matches) => matches(time))) return time;
    moment = nextMoment(cron, zone, time);
  }
  return undefined;
};
