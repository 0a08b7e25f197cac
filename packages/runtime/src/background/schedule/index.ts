/** When jobs run: cron expressions, times and plain words, read in a time zone. */
export { askModel } from "./ask-model.ts";
export { clockTimeOf } from "./clock.ts";
export { type Exclusion, exclusionSchema, exclusionsSchema, nextAllowed } from "./exclusions.ts";
export {
  type JobType,
  jobTypes,
  readSchedule,
  refusedSchedule,
  type Schedule,
  type ScheduleContext,
} from "./read-schedule.ts";
export { writtenTimeAt } from "./zone.ts";
