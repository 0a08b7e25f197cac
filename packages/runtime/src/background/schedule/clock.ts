/** A time of day. */
export interface ClockTime {
  hour: number;
  minute: number;
}

const named: Readonly<Record<string, ClockTime>> = {
  morning: { hour: 9, minute: 0 },
  noon: { hour: 12, minute: 0 },
  midday: { hour: 12, minute: 0 },
  afternoon: { hour: 14, minute: 0 },
  evening: { hour: 18, minute: 0 },
  midnight: { hour: 0, minute: 0 },
};

/** A time of day that does not exist. It is refused rather than guessed at. */
export class ClockError extends Error {
  override readonly name = "ClockError";
}

const patterns = [
  /(?:\bat |@ ?|\b)(?<hour>\d{1,2})(?:[:.](?<minute>\d{2}))? ?(?<half>am|pm|a\.m\.|p\.m\.)(?!\w)/,
  /(?:\bat |@ ?|\b)(?<hour>\d{1,2})(?::|h)(?<minute>\d{2})(?!\w)/,
  /(?:\bat |@ ?|\b)(?<hour>\d{1,2})h(?!\w)/,
  // A number alone is an hour only behind "at", and is read as a clock of 24 hours shows it.
  /\bat (?<hour>\d{1,2})(?![\w:.])/,
  /(?:\bin the |\bat )?\b(?<name>morning|noon|midday|afternoon|evening|midnight)s?\b/,
];

const read = (written: string, groups: Readonly<Record<string, string | undefined>>): ClockTime => {
  const byName = groups.name === undefined ? undefined : named[groups.name];
  if (byName) return byName;
  const hour = Number(groups.hour);
  const minute = Number(groups.minute ?? 0);
  const isHalf = groups.half !== undefined;
  if (minute > 59 || (isHalf ? hour < 1 || hour > 12 : hour > 23)) {
    throw new ClockError(`'${written.trim()}' is not a time of day`);
  }
  if (!isHalf) return { hour, minute };
  return { hour: (hour % 12) + (groups.half?.startsWith("p") ? 12 : 0), minute };
};

/**
 * Extracts the time of day from a phrase: 9am, 9:30pm, 15:30, 21h15, at 9, noon (docs/spec/formation-files.md "Schedules").
 *
 * @param phrase In lower case.
 * @returns The time and the rest of the phrase; undefined when there is none.
 * @throws ClockError for 25:00 and 13pm
 */
export const takeClockTime = (phrase: string): { time: ClockTime; rest: string } | undefined => {
  for (const pattern of patterns) {
    const found = pattern.exec(phrase);
    if (!found) continue;
    const rest = `${phrase.slice(0, found.index)} ${phrase.slice(found.index + found[0].length)}`;
    return { time: read(found[0], found.groups ?? {}), rest: rest.replaceAll(/\s+/g, " ").trim() };
  }
  return undefined;
};

/** Parses `HH:MM`, the form of `scheduler.default_time`. */
export const clockTimeOf = (text: string): ClockTime => {
  const [hour = 0, minute = 0] = text.split(":").map(Number);
  return { hour, minute };
};
