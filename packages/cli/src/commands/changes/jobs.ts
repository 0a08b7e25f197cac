import type { NewSchedulerJob } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { at } from "../../ui/index.ts";
import { type ChangeOptions, change } from "./change.ts";

export interface JobOptions extends ChangeOptions {
  schedule?: string;
  message?: string;
  title?: string;
}

/** Words that may stand before the schedule, and the type of job that they ask for. */
const types: ReadonlyMap<string, NewSchedulerJob["jobType"]> = new Map([
  ["once", "one_time"],
  ["recurring", "recurring"],
]);

const dateAlone = /^\d{4}-\d{2}-\d{2}$/;

/** Reads `[once|recurring] <schedule> <message>`, of which options may give the last two. */
const jobOf = (words: readonly string[], { schedule, message, title }: JobOptions): NewSchedulerJob => {
  const [first = ""] = words;
  const type = types.get(first.toLowerCase());
  const rest = type === undefined ? [...words] : words.slice(1);
  const when = schedule ?? rest.shift();
  const what = message ?? rest.shift();
  if (!when || !what || rest.length > 0) {
    throw new CliError("A job needs a schedule and a message, each as one argument", {
      hint: 'For example: muxi jobs add "every weekday at 9am" "Sum up the news"',
    });
  }
  return {
    jobType: type ?? "prompt",
    schedule: dateAlone.test(when) ? `${when}T00:00` : when,
    message: what,
    title,
  };
};

/** `muxi jobs add`: schedules a message. */
export const addJob = (context: Context, words: readonly string[], options: JobOptions): Promise<number> => {
  const job = jobOf(words, options);
  return change(
    context,
    options,
    (formation) => formation.createSchedulerJob(job),
    ({ id, description, next_run: next }) => `Added ${id}: ${description}, next at ${at(next)}`,
  );
};

/** `muxi jobs update`: changes what a job says, when, or its title. */
export const updateJob = (context: Context, jobId: string, options: JobOptions): Promise<number> => {
  const { schedule, message, title } = options;
  if (schedule === undefined && message === undefined && title === undefined) {
    throw new CliError("There is nothing to change", { hint: "Use --schedule, --message or --title" });
  }
  return change(
    context,
    { ...options, isForEveryone: true },
    (formation) => formation.updateSchedulerJob({ jobId, schedule, message, title }),
    ({ id, description, next_run: next }) => `Changed ${id}: ${description}, next at ${at(next)}`,
  );
};

/** `muxi jobs pause`. */
export const pauseJob = (context: Context, jobId: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    { ...options, isForEveryone: true },
    (formation) => formation.pauseSchedulerJob({ jobId }),
    ({ id }) => `Paused ${id}. To go on, run: muxi jobs resume ${id}`,
  );

/** `muxi jobs resume`. */
export const resumeJob = (context: Context, jobId: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    { ...options, isForEveryone: true },
    (formation) => formation.resumeSchedulerJob({ jobId }),
    ({ id, next_run: next }) => `Resumed ${id}, next at ${at(next)}`,
  );

/** `muxi jobs remove`. */
export const removeJob = (context: Context, jobId: string, options: ChangeOptions): Promise<number> =>
  change(
    context,
    { ...options, isForEveryone: true },
    (formation) => formation.deleteSchedulerJob({ jobId }),
    () => `Removed ${jobId}`,
  );
