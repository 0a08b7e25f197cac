/** A date and time of day as calendar and clock show them, without a zone. Months are 1 to 12. */
export interface WallTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A wall time as Unix milliseconds, read as if it were UTC: the form for calculations. */
export const asUtc = ({ year, month, day, hour, minute }: WallTime): number =>
  Date.UTC(year, month - 1, day, hour, minute);

/** The reverse of `asUtc`. */
export const fromUtc = (time: number): WallTime => {
  const date = new Date(time);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
};

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (zone: string): Intl.DateTimeFormat => {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
};

/** How far the zone is ahead of UTC at a moment, in milliseconds. */
export const offsetAt = (time: number, zone: string): number => {
  if (zone === "UTC") return 0;
  const [month = 0, date = 0, year = 0, hours = 0, minutes = 0, seconds = 0] = formatOf(zone)
    .format(time)
    .split(/\D+/)
    .map(Number);
  return Date.UTC(year, month - 1, date, hours, minutes, seconds) - Math.floor(time / 1000) * 1000;
};

/** What calendar and clock show in the zone at a moment. */
export const wallTimeAt = (time: number, zone: string): WallTime => fromUtc(time + offsetAt(time, zone));

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

export interface WrittenTime {
  /** Such as `2026-11-30`. */
  date: string;
  /** Such as `Monday`. */
  weekday: string;
  /** Such as `14:05`. */
  time: string;
}

/** What was written last for a zone: every chat asks for the time, many in one minute. */
const lastWritten = new Map<string, { minute: number; written: WrittenTime }>();

/** What calendar and clock show in the zone at a moment, as text. */
export const writtenTimeAt = (time: number, zone: string): WrittenTime => {
  const thisMinute = Math.floor(time / minute);
  const last = lastWritten.get(zone);
  if (last?.minute === thisMinute) return last.written;
  const shown = new Date(time + offsetAt(time, zone));
  const iso = shown.toISOString();
  const written = {
    date: iso.slice(0, 10),
    weekday: weekdays[shown.getUTCDay()] ?? "",
    time: iso.slice(11, 16),
  };
  lastWritten.set(zone, { minute: thisMinute, written });
  return written;
};

/** Moments before and after a day in any zone: zones are at most 14 hours from UTC. */
const around = (utc: number) => {
  const midnight = Math.floor(utc / day) * day;
  return { before: midnight - 15 * hour, after: midnight + day + 15 * hour };
};

/** The zone's offsets before and after a day. They differ when the clock changes in between. */
export const offsetsAround = (utc: number, zone: string): readonly [number, number] => {
  const { before, after } = around(utc);
  return [offsetAt(before, zone), offsetAt(after, zone)];
};

/** The moment at which the clock changes. */
const changeAround = (utc: number, zone: string): number => {
  let { before, after } = around(utc);
  const old = offsetAt(before, zone);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, zone) === old) before = middle;
    else after = middle;
  }
  return after;
};

/** All moments at which the zone shows a wall time: usually one, two in a repeated hour, none in a skipped one. */
export const momentsOf = (utc: number, zone: string): number[] => {
  const offsets = new Set(offsetsAround(utc, zone));
  return [...offsets]
    .map((offset) => utc - offset)
    .filter((time) => time + offsetAt(time, zone) === utc)
    .sort((a, b) => a - b);
};

/**
 * The moment that a wall time means: the first one in a repeated hour, the end of the gap in a skipped one
 * (docs/spec/formation-files.md "Running jobs").
 */
export const momentOf = (utc: number, zone: string): number =>
  momentsOf(utc, zone)[0] ?? changeAround(utc, zone);
