import { ApiError, newId } from "@muxi/protocol";
import type { Idempotency, JobRepository, JobStatus, StoredJob, StoredJobRun } from "../store/index.ts";
import { type Exclusion, type JobType, readSchedule, type ScheduleContext } from "./schedule/index.ts";

export interface JobBookDeps {
  formationId: string;
  jobs: JobRepository;
  zone: string;
  defaultTime: ScheduleContext["defaultTime"];
  /** Reads schedules that the built-in patterns do not cover. */
  ask: ScheduleContext["ask"];
  /** Called when a job was added. */
  onAdded: () => void;
  now: () => number;
}

export interface JobRequest {
  userId: string;
  type: JobType;
  schedule: string;
  message: string;
  exclusions: readonly Exclusion[];
  idempotency: Idempotency | undefined;
}

/** Creates, lists and removes the jobs of a formation. */
export interface JobBook {
  /**
   * Creates a job, or returns the one that was created under the same idempotency key.
   *
   * @throws ApiError `INVALID_PARAMS` (the schedule), `RATE_LIMITED` (a quota), `IDEMPOTENCY_KEY_REUSED`,
   * `SERVICE_UNAVAILABLE`
   */
  add(request: JobRequest): Promise<StoredJob>;
  list(filter: { userId?: string; status?: JobStatus; limit: number }): Promise<StoredJob[]>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  get(id: string): Promise<StoredJob>;
  runs(id: string): Promise<StoredJobRun[]>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  remove(id: string): Promise<void>;
}

/** docs/spec/formation-api.md "Scheduled jobs". */
const quota = { total: 10_000, active: 100, lastHour: 20, lastDay: 100 };
const shownRuns = 20;

const notFound = (id: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Job '${id}' not found: GET /v1/scheduler/jobs lists them`);

const overQuota = (what: string, retryAfter?: number) =>
  new ApiError("RATE_LIMITED", `${what}`, retryAfter === undefined ? {} : { retryAfter });

export const createJobBook = (deps: JobBookDeps): JobBook => {
  const { formationId, jobs, now } = deps;

  const checkQuota = async (userId: string) => {
    const counts = await jobs.counts(formationId, userId, now());
    const { total, active, lastHour, lastDay } = quota;
    if (counts.active >= active) {
      throw overQuota(`User '${userId}' has ${active} active jobs, which is the limit: delete one first`);
    }
    if (counts.total >= total) {
      throw overQuota(`The formation has ${total} active jobs, which is the limit: delete one first`);
    }
    if (counts.createdLastHour >= lastHour) {
      throw overQuota(`User '${userId}' has made ${lastHour} jobs within an hour, which is the limit`, 3_600);
    }
    if (counts.createdLastDay >= lastDay) {
      throw overQuota(`User '${userId}' has made ${lastDay} jobs within a day, which is the limit`, 86_400);
    }
  };

  const madeBefore = async (userId: string, idempotency: Idempotency | undefined) => {
    const job = idempotency && (await jobs.ofKey(formationId, userId, idempotency.key));
    if (job && job.bodyHash !== idempotency.hash) {
      throw new ApiError(
        "IDEMPOTENCY_KEY_REUSED",
        "The idempotency key was used for another job: send a new key for a new job",
      );
    }
    return job;
  };

  const get = async (id: string) => {
    const job = await jobs.get(formationId, id);
    if (!job) throw notFound(id);
    return job;
  };

  return {
    async add({ userId, type, schedule, message, exclusions, idempotency }) {
      const earlier = await madeBefore(userId, idempotency);
      if (earlier) return earlier;
      await checkQuota(userId);
      const { zone, defaultTime, ask } = deps;
      const time = now();
      const read = await readSchedule({ type, schedule, exclusions }, { zone, defaultTime, ask, now: time });
      const id = newId("job");
      const job = {
        formationId,
        id,
        userId,
        type,
        schedule,
        message,
        cron: read.cron,
        exclusions: JSON.stringify(read.exclusions),
        timezone: zone,
        nextRun: read.next,
        createdAt: time,
        idempotency,
      };
      try {
        await jobs.insert(job);
      } catch (error) {
        // The same call arrived twice at once, and the other one won.
        const made = await madeBefore(userId, idempotency);
        if (made) return made;
        throw error;
      }
      deps.onAdded();
      return get(id);
    },
    list: (filter) => jobs.list(formationId, filter),
    get,
    runs: (id) => jobs.runs(formationId, id, shownRuns),
    async remove(id) {
      if (!(await jobs.remove(formationId, id))) throw notFound(id);
    },
  };
};
