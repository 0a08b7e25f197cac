import { ApiError, newId } from "@muxi/protocol";
import { userLimits } from "../base/index.ts";
import type {
  Idempotency,
  JobChange,
  JobFilter,
  JobRepository,
  JobStatus,
  StoredJob,
  StoredJobRun,
} from "../store/index.ts";
import {
  type Exclusion,
  exclusionsSchema,
  type JobType,
  jobTypes,
  readSchedule,
  refusedSchedule,
  type Schedule,
  type ScheduleContext,
} from "./schedule/index.ts";

export interface JobBookDeps {
  formationId: string;
  jobs: JobRepository;
  zone: string;
  defaultTime: ScheduleContext["defaultTime"];
  /** Reads schedules that the built-in patterns do not cover. */
  ask: ScheduleContext["ask"];
  now: () => number;
}

export interface JobRequest {
  userId: string;
  type: JobType;
  schedule: string;
  message: string;
  /** Without one, or with an empty one, the job has none. */
  title?: string | undefined;
  /** IANA name; default: that of the formation. */
  timezone?: string | undefined;
  exclusions: readonly Exclusion[];
  idempotency: Idempotency | undefined;
}

/** When a job would run. */
interface Foreseen extends Schedule {
  timezone: string;
}

/** Creates, lists, changes and removes the jobs of a formation. */
export interface JobBook {
  /**
   * What a job would have for a schedule. Nothing is stored.
   *
   * @throws ApiError `INVALID_PARAMS` (the schedule), `SERVICE_UNAVAILABLE`, `LLM_NOT_CONFIGURED`
   */
  foresee(wanted: Pick<JobRequest, "schedule" | "timezone" | "exclusions">): Promise<Foreseen>;
  /**
   * The same for a job that is there: its time zone and its exclusions stay.
   *
   * @throws ApiError `INVALID_PARAMS` (the schedule, also one with exclusions), `SERVICE_UNAVAILABLE`, `LLM_NOT_CONFIGURED`
   */
  foreseeChange(job: StoredJob, schedule: string): Promise<Schedule>;
  /** @throws ApiError `RATE_LIMITED` when the user may have no further job */
  checkLimits(userId: string): Promise<void>;
  /** Calls a function whenever a job was added or changed. */
  onChanged(hear: () => void): void;
  /**
   * Creates a job, or returns the one that was created under the same idempotency key.
   *
   * @throws ApiError `INVALID_PARAMS` (the schedule), `RATE_LIMITED` (a limit), `IDEMPOTENCY_KEY_REUSED`,
   * `SERVICE_UNAVAILABLE`
   */
  add(request: JobRequest): Promise<StoredJob>;
  list(filter: JobFilter): Promise<StoredJob[]>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  get(id: string): Promise<StoredJob>;
  runs(id: string): Promise<StoredJobRun[]>;
  /**
   * Changes the message, the schedule or the title of a job that is not completed; what is undefined stays, as its
   * exclusion rules do. An empty title takes the title away.
   *
   * @throws ApiError `RESOURCE_NOT_FOUND`, `CONFLICT` (the status), `INVALID_PARAMS` (the schedule)
   */
  update(
    id: string,
    change: { message?: string | undefined; schedule?: string | undefined; title?: string | undefined },
  ): Promise<StoredJob>;
  /** @throws ApiError `RESOURCE_NOT_FOUND`, `CONFLICT` (the job is not active) */
  pause(id: string): Promise<StoredJob>;
  /** @throws ApiError `RESOURCE_NOT_FOUND`, `CONFLICT` (the job is not paused, or its only moment has passed) */
  resume(id: string): Promise<StoredJob>;
  /** @throws ApiError `RESOURCE_NOT_FOUND` */
  remove(id: string): Promise<void>;
}

/** Active jobs of a formation (docs/spec/formation-api.md "Scheduled jobs"). */
const mostActive = 10_000;
const shownRuns = 20;

const notFound = (id: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Job '${id}' not found: GET /v1/scheduler/jobs lists them`);

const beyondLimit = (who: string, most: number, what: string, retryAfter?: number) => {
  const remedy = retryAfter === undefined ? "delete one first" : "wait, then try again";
  const message = `${who} may have at most ${most} ${what}: ${remedy}`;
  return new ApiError("RATE_LIMITED", message, retryAfter === undefined ? {} : { retryAfter });
};

export const createJobBook = (deps: JobBookDeps): JobBook => {
  const { formationId, jobs, now } = deps;
  const listeners: (() => void)[] = [];
  const changed = () => {
    for (const hear of listeners) hear();
  };

  const checkLimits = async (userId: string) => {
    const counts = await jobs.counts(formationId, userId, now());
    const { activeJobs, newJobsAnHour, newJobsADay } = userLimits;
    const ofUser = (count: number, { most, what }: { most: number; what: string }, retryAfter?: number) => {
      if (count >= most) throw beyondLimit(`User '${userId}'`, most, what, retryAfter);
    };
    ofUser(counts.active, activeJobs);
    if (counts.total >= mostActive) throw beyondLimit("A formation", mostActive, "active jobs");
    ofUser(counts.createdLastHour, newJobsAnHour, 3_600);
    ofUser(counts.createdLastDay, newJobsADay, 86_400);
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

  const isJobType = (type: string): type is JobType => jobTypes.some((known) => known === type);

  const scheduleOf = async ({ type, exclusions, timezone: zone }: StoredJob, schedule: string) => {
    const { defaultTime, ask } = deps;
    const kept = exclusionsSchema().parse(JSON.parse(exclusions));
    const wanted = { type: isJobType(type) ? type : "prompt", schedule, exclusions: kept };
    const read = await readSchedule(wanted, { zone, defaultTime, ask, now: now() });
    if (read.exclusions.length > kept.length) {
      throw refusedSchedule(
        `The schedule '${schedule}' has exclusions, and those of a job stay as they are: leave them out, or make a new job`,
      );
    }
    return read;
  };

  const change = async ({ id, status }: StoredJob, wanted: Omit<JobChange, "updatedAt">) => {
    if (!(await jobs.change(formationId, id, status, { ...wanted, updatedAt: now() }))) {
      throw new ApiError("CONFLICT", `Job '${id}' has just changed: read it and try again`);
    }
    changed();
    return get(id);
  };

  const inStatus = async (id: string, status: JobStatus) => {
    const job = await get(id);
    if (job.status === status) return job;
    throw new ApiError("CONFLICT", `Job '${id}' is ${job.status}, not ${status}`);
  };

  return {
    checkLimits,
    foreseeChange: scheduleOf,
    async foresee({ schedule, timezone = deps.zone, exclusions }) {
      const { defaultTime, ask } = deps;
      const wanted = { type: "prompt" as const, schedule, exclusions };
      return {
        ...(await readSchedule(wanted, { zone: timezone, defaultTime, ask, now: now() })),
        timezone,
      };
    },
    onChanged(hear) {
      listeners.push(hear);
    },
    async update(id, { message, schedule, title }) {
      const job = await get(id);
      if (job.status === "completed") {
        throw new ApiError(
          "CONFLICT",
          `Job '${id}' is completed: make a new one with POST /v1/scheduler/jobs`,
        );
      }
      const read = schedule === undefined ? undefined : await scheduleOf(job, schedule);
      return change(job, {
        ...(message !== undefined && { message }),
        ...(title !== undefined && { title: title || null }),
        ...(schedule !== undefined &&
          read && {
            schedule: { written: schedule, cron: read.cron, runAt: read.cron === null ? read.next : null },
            ...(job.status === "active" && { nextRun: read.next }),
          }),
      });
    },
    pause: async (id) => change(await inStatus(id, "active"), { status: "paused", nextRun: null }),
    async resume(id) {
      const job = await inStatus(id, "paused");
      const nextRun = job.cron === null ? job.runAt : (await scheduleOf(job, job.cron)).next;
      if (nextRun === null || nextRun <= now()) {
        throw new ApiError("CONFLICT", `The moment of job '${id}' has passed: PUT a new schedule first`);
      }
      return change(job, { status: "active", nextRun, forgetFailures: true });
    },
    async add({ userId, type, schedule, message, title, timezone, exclusions, idempotency }) {
      const earlier = await madeBefore(userId, idempotency);
      if (earlier) return earlier;
      await checkLimits(userId);
      const { defaultTime, ask } = deps;
      const zone = timezone ?? deps.zone;
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
        title: title || null,
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
      changed();
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
