import * as z from "zod";
import { lazy } from "../base/index.ts";
import {
  jobDeletedSchema,
  jobListQuerySchema,
  jobListSchema,
  jobRequestSchema,
  jobSchema,
  jobWithRunsSchema,
  schedulerConfigSchema,
} from "../schemas/index.ts";
import { id } from "./parameters.ts";
import { type Route, route } from "./route.ts";

const jobId = lazy(() => z.object({ job_id: id("Id of the job") }));

/** Scheduled jobs (docs/spec/formation-api.md "Scheduled jobs"). */
export const schedulerRoutes = {
  getSchedulerConfig: route({
    method: "GET",
    path: "/scheduler",
    summary: "Get the settings for scheduled jobs",
    tag: "Scheduler",
    key: "admin",
    object: "scheduler",
    type: "scheduler.retrieved",
    data: schedulerConfigSchema,
  }),
  getSchedulerJobs: route({
    method: "GET",
    path: "/scheduler/jobs",
    summary: "List the user's jobs; with the admin key everybody's, or those of one user",
    tag: "Scheduler",
    key: "either",
    user: "filter",
    query: jobListQuerySchema,
    object: "scheduled_job_list",
    type: "scheduler.jobs.list",
    data: jobListSchema,
  }),
  createSchedulerJob: route({
    method: "POST",
    path: "/scheduler/jobs",
    summary: "Schedule a message, once or repeatedly",
    tag: "Scheduler",
    key: "admin",
    user: "optional",
    status: 201,
    body: jobRequestSchema,
    object: "scheduled_job",
    type: "scheduler.job.created",
    data: jobSchema,
    errors: [
      "VALIDATION_ERROR",
      "IDEMPOTENCY_KEY_REUSED",
      "UNPROCESSABLE_ENTITY",
      "RATE_LIMITED",
      "SERVICE_UNAVAILABLE",
    ],
  }),
  getSchedulerJob: route({
    method: "GET",
    path: "/scheduler/jobs/{job_id}",
    summary: "Get a job with its latest runs",
    tag: "Scheduler",
    key: "admin",
    params: jobId,
    object: "scheduled_job",
    type: "scheduler.job.retrieved",
    data: jobWithRunsSchema,
    errors: ["RESOURCE_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  }),
  deleteSchedulerJob: route({
    method: "DELETE",
    path: "/scheduler/jobs/{job_id}",
    summary: "Remove a job",
    tag: "Scheduler",
    key: "admin",
    params: jobId,
    object: "message",
    type: "scheduler.job.deleted",
    data: jobDeletedSchema,
    errors: ["RESOURCE_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  }),
} as const satisfies Record<string, Route>;
