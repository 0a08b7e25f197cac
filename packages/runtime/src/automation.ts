import { type Formation, overlordModelFor } from "@muxi/formation";
import type { Logger } from "pino";
import { schedulerEndpoints, triggerEndpoints } from "./api/index.ts";
import { askModel, clockTimeOf, createJobBook, type Outcome, startScheduler } from "./background/index.ts";
import { createModel, defaultModelConfig, type ModelDeps } from "./models/index.ts";
import type { Overlord } from "./overlord/index.ts";
import type { Database, JobRepository, RunOutcome, Statement } from "./store/index.ts";

/** What the end of a request means to the run of a job: nobody is there to answer a question. */
const runOutcomeOf = (outcome: Outcome): RunOutcome => {
  switch (outcome.status) {
    case "completed":
      return { text: outcome.text };
    case "failed":
      return { error: outcome.error.message };
    case "awaiting_clarification":
      return { error: `It asked a question: ${outcome.question}` };
  }
};

/** Statements that end the run of a job, for the transaction that ends its request. */
export const jobEnding = (
  { id: formationId, manifest }: Formation,
  jobs: JobRepository,
  outcome: Outcome,
): Statement[] =>
  jobs.ended(
    { formationId, requestId: outcome.requestId, outcome: runOutcomeOf(outcome), now: outcome.endedAt },
    manifest.scheduler.max_failures_before_pause,
  );

export interface AutomationDeps {
  formation: Formation;
  database: Database;
  jobs: JobRepository;
  overlord: Overlord;
  /** Tells the queue that something waits in it. */
  wakeQueue: () => void;
  /** Whose data the identifier of a user reaches. */
  ownerOf: (identifier: string) => string;
  http: ModelDeps["http"];
  env: Readonly<Record<string, string | undefined>>;
  now: () => number;
  log: Logger;
}

/** What a formation does without being spoken to: triggers and scheduled jobs (contract/formation.md 8, 9). */
export const openAutomation = (deps: AutomationDeps) => {
  const { formation, database, jobs, overlord, env, now, log } = deps;
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
        onAccepted: deps.wakeQueue,
        fail: async (requestId, error) => {
          const ending = { formationId, requestId, outcome: { error }, now: now() };
          await database.write(jobs.ended(ending, settings.max_failures_before_pause));
        },
        now,
        log,
      })
    : undefined;

  const book = createJobBook({
    formationId,
    jobs,
    zone: settings.timezone,
    defaultTime: clockTimeOf(settings.default_time),
    ask: (schedule, context) => {
      const config = overlordModelFor(formation, "base", env) ?? defaultModelConfig(env);
      return askModel(createModel(config, deps), schedule, context);
    },
    onAdded: () => scheduler?.wake(),
    now,
  });

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
        ownerOf: deps.ownerOf,
      }),
    },
    /** Lets the next job run in the place of one that has ended. */
    jobEnded: () => scheduler?.wake(),
    close: async () => scheduler?.close(),
  };
};
