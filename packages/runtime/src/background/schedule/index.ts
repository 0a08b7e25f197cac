/** When a job runs: cron, times and plain words, read in a time zone. */
export { askModel } from "../../background/schedule/ask-model.ts";
export { clockTimeOf } from "../../background/schedule/clock.ts";
export { parseCron } from "../../background/schedule/cron.ts";
export { type Exclusion, exclusionSchema, nextAllowed } from "../../background/schedule/exclusions.ts";
export {
  type JobType,
  jobTypes,
  readSchedule,
  type Schedule,
  type ScheduleContext,
} from "../../background/schedule/read-schedule.ts";
