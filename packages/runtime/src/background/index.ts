/** Work that nobody waits for: background requests, scheduled jobs, webhook deliveries. */
export { createDeliveries, type Deliveries } from "./deliveries.ts";
export type { RequestOutcome } from "./delivery-payload.ts";
export { createJobBook, type JobBook } from "./job-book.ts";
export { isGone, newLeaseOwner } from "./lease.ts";
export {
  createRequestQueue,
  defaultLeaseTime,
  type RequestQueue,
} from "./request-queue.ts";
export { createRetention } from "./retention.ts";
export { nextMoment } from "./schedule/cron.ts";
export {
  askModel,
  clockTimeOf,
  exclusionSchema,
  exclusionsSchema,
  jobTypes,
  writtenTimeAt,
} from "./schedule/index.ts";
export { sessionOfJob, startScheduler } from "./scheduler.ts";
export { ForbiddenTargetError, guardedLookup, parseTarget, type TargetPolicy } from "./targets.ts";
