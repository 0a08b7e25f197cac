import { type Environment, type Formation, overlordModelFor } from "@muxi/formation";
import type { Logger } from "pino";
import { schedulerEndpoints, triggerEndpoints } from "./api/index.ts";
import {
  askModel,
  clockTimeOf,
  createJobBook,
  type JobBook,
  type RequestOutcome,
  type RequestQueue,
  startScheduler,
} from "./background/index.ts";
import { createModel, defaultModelConfig, type ModelDeps, packagesOf } from "./models/index.ts";
import type { Overlord } from "./overlord/index.ts";
import type { JobRepository, Statement, Store } from "./store/index.ts";

/** Statements for the run of a job, for the transaction that ends its request or lets it wait for its user. */
export const jobEnding = (
  { id: formationId, manifest }: Formation,
  jobs: JobRepository,
  outcome: RequestOutcome,
): Statement[] => {
  const { requestId, status, endedAt } = outcome;
  if (status === "awaiting_clarification") return jobs.waits({ formationId, requestId }, endedAt);
  const error = status === "failed" ? outcome.error.message : null;
  return jobs.ended(
    { formationId, requestId, error, now: endedAt },
    manifest.scheduler.max_failures_before_pause,
  );
};

/** The jobs of a formation, by chats and by the API. */
export const openJobBook = (deps: {
  formation: Formation;
  store: Pick<Store, "jobs">;
  http: ModelDeps["http"];
  env: Environment;
  now: () => number;
  log: Logger;
}): JobBook => {
  const { formation, store, env, now } = deps;
  const { timezone, default_time } = formation.manifest.scheduler;
  return createJobBook({
    formationId: formation.id,
    jobs: store.jobs,
    zone: timezone,
    defaultTime: clockTimeOf(default_time),
    ask: (schedule, context) => {
      const config = overlordModelFor(formation, "base", env) ?? defaultModelConfig(env);
      return askModel(
        createModel(config, { ...deps, importPackage: packagesOf(formation.dir) }),
        schedule,
        context,
      );
    },
    now,
  });
};

export interface AutomationDeps {
  formation: Formation;
  store: Pick<Store, "jobs" | "write">;
  overlord: Overlord;
  queue: Pick<RequestQueue, "announce">;
  book: JobBook;
  now: () => number;
  log: Logger;
}

/**
 * The parts of a formation that act without a chat: triggers and scheduled jobs (docs/spec/formation-files.md
 * "Trigger files" and "Running jobs").
 */
export const openAutomation = (deps: AutomationDeps) => {
  const { formation, store, overlord, queue, book, now, log } = deps;
  const { jobs } = store;
  const { id: formationId, manifest } = formation;
  const settings = manifest.scheduler;

  const scheduler = settings.enabled
    ? startScheduler({
        formationId,
        jobs,
        settings: {
          checkInterval: settings.check_interval_minutes * 60_000,
          maxConcurrentJobs: settings.max_concurrent_jobs,
        },
        accept: overlord.accept,
        onAccepted: queue.announce,
        fail: async (requestId, error) => {
          const ending = { formationId, requestId, error, now: now() };
          await store.write(jobs.ended(ending, settings.max_failures_before_pause));
        },
        now,
        log,
      })
    : undefined;
  // The end of a job makes room for the next one.
  overlord.onEnded((kind) => {
    if (kind === "job") scheduler?.wake();
  });

  book.onChanged(() => scheduler?.wake());

  return {
    endpoints: {
      ...triggerEndpoints({
        formation,
        overlord,
        longestMessage: manifest.input_limits.max_message_length,
      }),
      ...schedulerEndpoints({
        settings,
        hasPersistentMemory: manifest.memory.persistent.enabled,
        book,
      }),
    },
    close: async () => scheduler?.close(),
  };
};
