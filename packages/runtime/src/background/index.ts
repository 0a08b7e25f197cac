/** Work that nobody waits for: requests in the background, scheduled jobs, webhook deliveries. */
export { createDeliveries, type Deliveries } from "../background/deliveries.ts";
export type { Outcome } from "../background/delivery-payload.ts";
export { createJobBook, type JobBook } from "../background/job-book.ts";
export { isGone, newLeaseOwner } from "../background/lease.ts";
export { createQueue, defaultLeaseTime, type Queue } from "../background/request-queue.ts";
export { askModel, clockTimeOf, exclusionSchema, jobTypes } from "../background/schedule/index.ts";
export { type JobTurn, type Scheduler, sessionOfJob, startScheduler } from "../background/scheduler.ts";
export { isLoopback } from "../background/targets.ts";
