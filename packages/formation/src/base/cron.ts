/** A parsed cron expression. */
export interface Cron {
  minutes: number[];
  hours: number[];
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
  /** Whether neither day of month nor day of week is `*`: then either of them is enough. */
  eitherDay: boolean;
  /** Whether it runs every hour: then it also runs in the hour that the clock repeats. */
  everyHour: boolean;
}

const longest = 100;

interface Field {
  name: string;
  least: number;
  most: number;
  words?: readonly string[];
}

const fields: readonly [Field, Field, Field, Field, Field] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  {
    name: "month",
    least: 1,
    most: 12,
    words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  // 7 is Sunday, too.
  { name: "day of week", least: 0, most: 7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

const shortcuts: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Says why a text is not a cron expression. */
export class CronError extends Error {
  override readonly name = "CronError";
}

const numberIn = ({ name, least, most, words }: Field, text: string): number => {
  const word = words?.indexOf(text) ?? -1;
  if (word >= 0) return word + least;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new CronError(`its ${name} has '${text}', which is not between ${least} and ${most}`);
};

const parseField = (field: Field, text: string): Set<number> => {
  const values = new Set<number>();
  const isWeekday = field.most === 7;
  for (const part of text.split(",")) {
    const [, range = "", step] = /^([^/]*)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const [from = "", to, ...rest] = range.split("-");
    const every = step === undefined ? 1 : Number(step);
    if (range === "" || rest.length > 0 || every < 1) {
      throw new CronError(`its ${field.name} '${text}' cannot be read`);
    }
    const first = range === "*" ? field.least : numberIn(field, from);
    const openEnd = range === "*" || (step !== undefined && to === undefined);
    if (every > field.most) {
      throw new CronError(`its ${field.name} '${text}' has a step above ${field.most}`);
    }
    const end = openEnd ? (isWeekday ? 6 : field.most) : numberIn(field, to ?? from);
    // A range of weekdays may pass the end of the week: `fri-mon`.
    const last = isWeekday && end < first ? end + 7 : end;
    if (last < first) throw new CronError(`its ${field.name} '${text}' ends before it begins`);
    for (let value = first; value <= last; value += every) values.add(isWeekday ? value % 7 : value);
  }
  return values;
};

const cronLetters = /^[\d*,][\w*,/?#-]*(?:\s+[\w*,/?#-]+)+$/;

/** Five fields without `*`, of which only month and day of week have names: `0 9 1 jan fri-mon`. */
const namedFields = /^(?:[\d,/-]+\s+){3}[\w,/-]+\s+[\w,/-]+$/;

/** Whether a text is meant as a cron expression, valid or not, rather than as a sentence. */
export const looksLikeCron = (text: string): boolean =>
  /^@\w+$/.test(text) ||
  namedFields.test(text) ||
  (cronLetters.test(text) && (text.includes("*") || !/[a-z]/i.test(text)));

/**
 * Parses a cron expression of five fields: numbers, names, `*`, `,`, `-` and `/`; 0 and 7 are Sunday
 * (docs/spec/formation-files.md "Schedules").
 *
 * @throws CronError
 */
export const parseCron = (text: string): Cron => {
  if (text.length > longest) throw new CronError(`it is longer than ${longest} characters`);
  const lower = text.trim().toLowerCase();
  const parts = (Object.hasOwn(shortcuts, lower) ? (shortcuts[lower] ?? lower) : lower).split(/\s+/);
  if (parts.length !== fields.length) {
    throw new CronError(
      `it has ${parts.length} field(s) and not five: minute, hour, day, month, day of week`,
    );
  }
  const read = (index: 0 | 1 | 2 | 3 | 4) => parseField(fields[index], parts[index] ?? "");
  const hours = read(1);
  const ascending = (values: Set<number>) => [...values].sort((a, b) => a - b);
  return {
    minutes: ascending(read(0)),
    hours: ascending(hours),
    days: read(2),
    months: read(3),
    weekdays: read(4),
    eitherDay: parts[2] !== "*" && parts[4] !== "*",
    everyHour: hours.size === 24,
  };
};
