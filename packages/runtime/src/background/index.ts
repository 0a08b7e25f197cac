/** Work that nobody waits for: requests in the background, scheduled jobs, webhook deliveries. */
export { createDeliveries, type Deliveries } from "./deliveries.ts";
export type { RequestOutcome } from "./delivery-payload.ts";
export { createJobBook, type JobBook } from "./job-book.ts";
export { isGone, newLeaseOwner } from "./lease.ts";
export {
  createRequestQueue,
  defaultLeaseTime,
  type RequestPerformer,
  type RequestQueue,
} from "./request-queue.ts";
export { askModel, clockTimeOf, exclusionSchema, jobTypes } from "./schedule/index.ts";
export { type JobTurn, type Scheduler, sessionOfJob, startScheduler } from "./scheduler.ts";
