import { CronError, looksLikeCron, parseCron } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { ClockError } from "./clock.ts";
import { type Exclusion, nextAllowed } from "./exclusions.ts";
import { type Meaning, type PhraseContext, readPhrase } from "./phrases.ts";

/** Types of jobs. A `prompt` may be recurring or one-time (docs/spec/formation-api.md "Scheduled jobs"). */
export const jobTypes = ["prompt", "recurring", "one_time"] as const;
export type JobType = (typeof jobTypes)[number];

export interface ScheduleContext extends PhraseContext {
  /** Reads schedules that the patterns do not cover; undefined when they are not understood. */
  ask: (schedule: string, context: PhraseContext) => Promise<Meaning | undefined>;
}

/** A schedule and its first moment in Unix milliseconds. */
export interface Schedule {
  cron: string | null;
  exclusions: Exclusion[];
  next: number;
}

const longestSchedule = 200;

const isoTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?$/i;

/** The error of a bad schedule, in the form of all validation errors. */
export const refusedSchedule = (message: string): ApiError =>
  new ApiError("INVALID_PARAMS", message, {
    data: { validation_errors: [{ field: "schedule", msg: message, type: "schedule", error: "invalid" }] },
  });

const examples =
  'send a cron expression ("0 9 * * 1-5"), an ISO 8601 time or words such as "every day at 9am"';

/** Unix milliseconds of an ISO 8601 time. Without a zone it is UTC (docs/spec/formation-files.md "Schedules"). */
const timeOf = (text: string): number | undefined => {
  if (!isoTime.test(text)) return undefined;
  const written = text.toUpperCase().replace(" ", "T");
  const time = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/.test(written) ? written : `${written}Z`);
  // Date.parse reads 31 February as 3 March.
  const isReal = !Number.isNaN(time) && !Number.isNaN(Date.parse(`${written.slice(0, 10)}T00:00Z`));
  const day = isReal ? new Date(`${written.slice(0, 10)}T00:00Z`).toISOString().slice(0, 10) : "";
  if (day !== written.slice(0, 10)) throw refusedSchedule(`The time '${text}' does not exist`);
  return time;
};

const meaningOf = async (schedule: string, context: ScheduleContext): Promise<Meaning> => {
  const at = timeOf(schedule);
  if (at !== undefined) return { kind: "one_time", at };
  if (looksLikeCron(schedule)) return { kind: "recurring", cron: schedule, exclusions: [] };
  const meaning = readPhrase(schedule, context) ?? (await context.ask(schedule, context));
  if (!meaning) throw refusedSchedule(`The schedule '${schedule}' was not understood: ${examples}`);
  return meaning;
};

const check = (
  { type, schedule, exclusions }: { type: JobType; schedule: string; exclusions: readonly Exclusion[] },
  meaning: Meaning,
  { zone, now }: PhraseContext,
): Schedule => {
  if (type !== "prompt" && type !== meaning.kind) {
    const actual = type === "recurring" ? "runs only once" : "recurs";
    throw refusedSchedule(`The schedule '${schedule}' ${actual}, but the job's type is '${type}'`);
  }
  if (meaning.kind === "one_time") {
    if (meaning.at <= now) {
      throw refusedSchedule(`The time '${schedule}' is in the past: send one in the future`);
    }
    return { cron: null, exclusions: [], next: meaning.at };
  }
  const all = [...meaning.exclusions, ...exclusions];
  const next = nextAllowed({ cron: parseCron(meaning.cron), exclusions: all }, zone, now);
  if (next === undefined) throw refusedSchedule(`The schedule '${schedule}' never occurs`);
  return { cron: meaning.cron, exclusions: all, next };
};

/**
 * Reads a schedule: a cron expression, an ISO 8601 time, or plain words (docs/spec/formation-files.md "Schedules").
 *
 * @throws ApiError `INVALID_PARAMS` (not understood, in the past, or not of the type), `SERVICE_UNAVAILABLE` and
 * `LLM_NOT_CONFIGURED` (the model, which is needed to read it, does not answer)
 */
export const readSchedule = async (
  wanted: { type: JobType; schedule: string; exclusions: readonly Exclusion[] },
  context: ScheduleContext,
): Promise<Schedule> => {
  const schedule = wanted.schedule.trim();
  if (schedule.length > longestSchedule) {
    throw refusedSchedule(`The schedule is longer than ${longestSchedule} characters`);
  }
  try {
    return check({ ...wanted, schedule }, await meaningOf(schedule, context), context);
  } catch (error) {
    if (error instanceof CronError) {
      throw refusedSchedule(`The schedule '${schedule}' is not a valid cron expression: ${error.message}`);
    }
    if (error instanceof ClockError) throw refusedSchedule(`The schedule cannot be read: ${error.message}`);
    throw error;
  }
};
