import { type ClockTime, takeClockTime } from "./clock.ts";
import { type Exclusion, weekdayNames } from "./exclusions.ts";
import { asUtc, day, fromUtc, hour, minute, momentOf, wallTimeAt } from "./zone.ts";

/** What a schedule means. */
export type Meaning =
  | { kind: "recurring"; cron: string; exclusions: Exclusion[] }
  /** `at`: Unix milliseconds. */
  | { kind: "one_time"; at: number };

export interface PhraseContext {
  zone: string;
  defaultTime: ClockTime;
  /** Unix milliseconds. */
  now: number;
}

const monthNames = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** The index of a name or of an abbreviation of at least three letters; undefined for other words. */
const indexOfName = (names: readonly string[], word: string): number | undefined => {
  const index = word.length < 3 ? -1 : names.findIndex((name) => name.startsWith(word));
  return index < 0 ? undefined : index;
};

const weekdayOf = (word: string) =>
  indexOfName(weekdayNames, word.replace(/s$/, "")) ?? indexOfName(weekdayNames, word);

/** `mon, wed and fri` or `monday to friday` as the fifth field of cron. */
const weekdaysIn = (text: string): string | undefined => {
  if (/^(?:weekdays?|(?:business|working|work) ?days?)$/.test(text)) return "1-5";
  if (/^weekends?$/.test(text)) return "0,6";
  const [, from = "", to = ""] = /^(\w+) ?(?:to|through|until|-) ?(\w+)$/.exec(text) ?? [];
  const [first, last] = [weekdayOf(from), weekdayOf(to)];
  if (first !== undefined && last !== undefined) return last >= first ? `${first}-${last}` : undefined;
  const found = text.split(/(?:, ?(?:and )?| and | & | )/).map(weekdayOf);
  const days = found.filter((index) => index !== undefined);
  return days.length === found.length ? [...new Set(days)].sort().join(",") : undefined;
};

type Recurring = (groups: Readonly<Record<string, string | undefined>>, at: string) => string | undefined;

const numbers: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  other: 2,
  second: 2,
  third: 3,
};

const countOf = (word: string | undefined): number =>
  word === undefined ? 1 : Object.hasOwn(numbers, word) ? (numbers[word] ?? 1) : Number(word);

const count = "(?<n>\\d{1,3}|other|second|third|two|three)";

/** Phrases that may have a time of day. `at`: the minute and hour fields of cron. */
const withTime: readonly (readonly [RegExp, Recurring])[] = [
  [/^(?:every ?day|daily|each day|every)$/, (_, at) => `${at} * * *`],
  [
    new RegExp(`^every ${count} days?$`),
    ({ n }, at) => (countOf(n) <= 31 ? `${at} */${countOf(n)} * *` : undefined),
  ],
  [/^(?:every week|weekly|each week)$/, (_, at) => `${at} * * 1`],
  [/^(?:every month|monthly|each month)$/, (_, at) => `${at} 1 * *`],
  [
    /^(?:every month|monthly|each month) on (?:the )?(?<date>\d{1,2})(?:st|nd|rd|th)?$/,
    ({ date }, at) => (Number(date) >= 1 && Number(date) <= 31 ? `${at} ${Number(date)} * *` : undefined),
  ],
  [
    /^(?:on )?(?:the |every )?(?<date>\d{1,2})(?:st|nd|rd|th) (?:of|day of) (?:every|each|the) month$/,
    ({ date }, at) => (Number(date) >= 1 && Number(date) <= 31 ? `${at} ${Number(date)} * *` : undefined),
  ],
  [
    /^(?:(?:every|weekly|each)(?: week)?(?: on)?|on) (?<days>[a-z][a-z ,&-]*)$/,
    ({ days = "" }, at) => {
      const weekdays = weekdaysIn(days);
      return weekdays && `${at} * * ${weekdays}`;
    },
  ],
  [
    // Without "every", only the plural shows that it recurs.
    /^(?<days>[a-z][a-z ,&-]*s|monday to friday|monday through friday)$/,
    ({ days = "" }, at) => {
      const weekdays = weekdaysIn(days);
      return weekdays && `${at} * * ${weekdays}`;
    },
  ],
];

const withoutTime: readonly (readonly [RegExp, Recurring])[] = [
  [/^every minute$/, () => "* * * * *"],
  [
    new RegExp(`^every ${count} min(?:ute)?s?$`),
    ({ n }) => (countOf(n) >= 1 && countOf(n) <= 59 ? `*/${countOf(n)} * * * *` : undefined),
  ],
  [/^(?:every hour|hourly|each hour)$/, () => "0 * * * *"],
  [
    new RegExp(`^every ${count} (?:hour|hr)s?$`),
    ({ n }) => (countOf(n) >= 1 && countOf(n) <= 23 ? `0 */${countOf(n)} * * *` : undefined),
  ],
];

const recurring = (text: string, time: ClockTime | undefined, defaultTime: ClockTime): string | undefined => {
  const at = time ?? defaultTime;
  for (const [pattern, cronOf] of time ? withTime : [...withoutTime, ...withTime]) {
    const found = pattern.exec(text);
    const cron = found && cronOf(found.groups ?? {}, `${at.minute} ${at.hour}`);
    if (cron) return cron;
  }
  return undefined;
};

/** The day that a phrase names. Like `today`, it is midnight in the zone, read as if it were UTC. */
const dateOf = (text: string, today: number): number | undefined => {
  if (text === "today") return today;
  if (text === "tomorrow") return today + day;
  if (text === "the day after tomorrow") return today + 2 * day;
  const weekday = new Date(today).getUTCDay();
  if (text === "next week") return today + ((8 - weekday) % 7 || 7) * day;

  const [, amount, unit] = /^in (\d{1,4}|an?|one|two|three) (day|week)s?$/.exec(text) ?? [];
  if (amount !== undefined) return today + countOf(amount) * (unit === "week" ? 7 : 1) * day;

  const [, which, name = ""] = /^(next|this) ([a-z]+)$/.exec(text) ?? [];
  const wanted = weekdayOf(name);
  if (wanted !== undefined) {
    const ahead = (wanted - weekday + 7) % 7;
    return today + (ahead === 0 && which === "next" ? 7 : ahead) * day;
  }
  return writtenDate(text, today);
};

/** `on 2026-12-24`, `on 24 December`, `on December 24th, 2026`. Without a year: the next such day. */
const writtenDate = (text: string, today: number): number | undefined => {
  const [, iso] = /^(?:on )?(\d{4}-\d{2}-\d{2})$/.exec(text) ?? [];
  if (iso !== undefined) {
    const date = Date.parse(`${iso}T00:00:00Z`);
    return Number.isNaN(date) || !new Date(date).toISOString().startsWith(iso) ? undefined : date;
  }
  const found =
    /^(?:on )?(?:the )?(?<date>\d{1,2})(?:st|nd|rd|th)? (?:of )?(?<month>[a-z]{3,9})(?:,? (?<year>\d{4}))?$/.exec(
      text,
    ) ?? /^(?:on )?(?<month>[a-z]{3,9}) (?<date>\d{1,2})(?:st|nd|rd|th)?(?:,? (?<year>\d{4}))?$/.exec(text);
  const month = indexOfName(monthNames, found?.groups?.month ?? "");
  if (!found?.groups || month === undefined) return undefined;
  const date = Number(found.groups.date);
  const inYear = (year: number) => {
    const time = Date.UTC(year, month, date);
    return new Date(time).getUTCDate() === date && date > 0 ? time : undefined;
  };
  if (found.groups.year !== undefined) return inYear(Number(found.groups.year));
  const year = fromUtc(today).year;
  const thisYear = inYear(year);
  return thisYear !== undefined && thisYear >= today ? thisYear : inYear(year + 1);
};

const oneTime = (text: string, time: ClockTime | undefined, context: PhraseContext): number | undefined => {
  const [, amount, unit] = /^in (\d{1,5}|half an|an?|one|two|three) (minute|min|hour|hr)s?$/.exec(text) ?? [];
  if (amount !== undefined) {
    if (time) return undefined;
    const length = unit === "hour" || unit === "hr" ? hour : minute;
    return context.now + (amount === "half an" ? 0.5 : countOf(amount)) * length;
  }
  // "today" without a time would be a guess.
  if (text === "today" && !time) return undefined;
  const today = asUtc({ ...wallTimeAt(context.now, context.zone), hour: 0, minute: 0 });
  const date = dateOf(text, today);
  if (date === undefined) return undefined;
  const at = time ?? context.defaultTime;
  return momentOf(date + at.hour * hour + at.minute * minute, context.zone);
};

/** What follows "except": `weekends`, `on fridays`, `the first monday of the month`. */
const exclusionsOf = (text: string): Exclusion[] | undefined => {
  const weekdays = weekdaysIn(text.replace(/^on /, ""));
  if (weekdays !== undefined) return [{ type: "cron", rule: `* * * * ${weekdays}` }];
  const [, which, name = ""] =
    /^(?:on )?the (first|last|second|third|fourth) (\w+) of (?:the|every|each) month$/.exec(text) ?? [];
  if (which === undefined) return undefined;
  const index = weekdayOf(name);
  const weekday = index === undefined ? undefined : weekdayNames[index];
  if (which === "last" && name === "day") return [{ type: "complex_date", rule: "last_day_minus:0" }];
  if (which === "first" && name === "day") return [{ type: "complex_date", rule: "nth_day:1" }];
  if (weekday === undefined) return undefined;
  const nth = ["first", "second", "third", "fourth"].indexOf(which) + 1;
  const rule = nth > 1 ? `nth_weekday:${nth}:${weekday}` : `${which}_${weekday}_of_month`;
  return [{ type: "complex_date", rule }];
};

/**
 * Reads a schedule in plain English by the patterns of docs/spec/formation-files.md "Schedules".
 *
 * @returns Undefined unless a pattern covers the whole phrase: to ignore a part of it would make a wrong schedule.
 *
 * @throws ClockError for a time of day that does not exist
 */
export const readPhrase = (phrase: string, context: PhraseContext): Meaning | undefined => {
  const tidy = phrase.toLowerCase().replaceAll(/\s+/g, " ").trim().replace(/[.!]$/, "");
  const [main = "", exception] = tidy.split(/,? (?:except|but not)(?: for)? /);
  const taken = takeClockTime(main.trim());
  const text = (taken?.rest ?? main)
    .replace(/,? ?(?:at|on)?$/, "")
    .replace(/^at /, "")
    .trim();

  const exclusions = exception === undefined ? [] : exclusionsOf(exception);
  if (!exclusions) return undefined;
  const cron = recurring(text, taken?.time, context.defaultTime);
  if (cron !== undefined) return { kind: "recurring", cron, exclusions };
  const at = exception === undefined ? oneTime(text, taken?.time, context) : undefined;
  return at === undefined ? undefined : { kind: "one_time", at };
};
