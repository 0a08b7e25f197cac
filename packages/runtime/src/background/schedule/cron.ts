import type { Cron } from "@muxi/formation";
import { day, fromUtc, hour, minute, momentOf, momentsOf, offsetAt, offsetsAround } from "./zone.ts";

const isOnDay = (cron: Cron, midnight: number): boolean => {
  const { month, day: date } = fromUtc(midnight);
  if (!cron.months.has(month)) return false;
  const onDate = cron.days.has(date);
  const onWeekday = cron.weekdays.has(new Date(midnight).getUTCDay());
  return cron.eitherDay ? onDate || onWeekday : onDate && onWeekday;
};

/** For a day on which the clock changes: each wall time is looked up by itself. */
const nextOnChangedDay = (cron: Cron, midnight: number, zone: string, after: number): number | undefined => {
  let next = Number.POSITIVE_INFINITY;
  for (const hours of cron.hours) {
    for (const minutes of cron.minutes) {
      const wallTime = midnight + hours * hour + minutes * minute;
      const moments = cron.everyHour ? momentsOf(wallTime, zone) : [momentOf(wallTime, zone)];
      for (const moment of moments) if (moment > after && moment < next) next = moment;
    }
  }
  return Number.isFinite(next) ? next : undefined;
};

const nextOnPlainDay = (cron: Cron, midnight: number, offset: number, after: number): number | undefined => {
  for (const hours of cron.hours) {
    const begin = midnight + hours * hour - offset;
    if (begin + hour <= after) continue;
    for (const minutes of cron.minutes) {
      const moment = begin + minutes * minute;
      if (moment > after) return moment;
    }
  }
  return undefined;
};

/** Days to search: two leap days are at most eight years apart. */
const furthest = 8 * 366 + 2;

/**
 * The first moment after a time that matches a cron expression. What falls into an hour that the clock skips runs after
 * the gap; an hour that it repeats counts once, unless the expression means every hour (docs/spec/formation-files.md
 * "Running jobs").
 *
 * @param zone IANA name of the time zone.
 * @param after Unix milliseconds.
 * @returns Undefined for a day that never comes, such as 31 February.
 */
export const nextMoment = (cron: Cron, zone: string, after: number): number | undefined => {
  const today = Math.floor((after + offsetAt(after, zone)) / day) * day;
  // From the day before: a clock that is put back at midnight goes back into it.
  for (let ahead = -1; ahead <= furthest; ahead += 1) {
    const midnight = today + ahead * day;
    if (!isOnDay(cron, midnight)) continue;
    const [begin, end] = offsetsAround(midnight, zone);
    const next =
      begin === end
        ? nextOnPlainDay(cron, midnight, begin, after)
        : nextOnChangedDay(cron, midnight, zone, after);
    if (next !== undefined) return next;
  }
  return undefined;
};

/** Whether the expression matches the minute of a moment. */
export const matchesMinute = (cron: Cron, zone: string, time: number): boolean => {
  const begin = Math.floor(time / minute) * minute;
  return nextMoment(cron, zone, begin - 1) === begin;
};
