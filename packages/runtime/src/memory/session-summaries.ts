import type { Logger } from "pino";
import { createWorker, fewAtOnce } from "../base/index.ts";
import type { Owner, Statement, StoredSummary, SummaryRepository, SummaryTask } from "../store/index.ts";
import { pace } from "./pace.ts";
import type { Summarise } from "./summarise.ts";

/** Where the part of a session that a model sees stands. */
export interface WindowPlace {
  /** Number of its first message, once turns have fallen out before it. */
  from?: number | undefined;
  /** How many of the newest turns it keeps when it slides next, if that comes soon. */
  slidesTo?: number | undefined;
}

/** Summaries of sessions, made in the background (docs/spec/formation-files.md "Long conversations"). */
export interface SessionSummaries {
  /** What stands in place of what fell out of a window that begins with some message; empty when there is nothing. */
  inPlaceOf(owner: Owner, sessionId: string, from: number): Promise<string>;
  /**
   * Statements for the transaction of the newest turn's message: they ask for the summary of what falls out next, if that
   * comes soon, and for one of the session when it will have been silent.
   */
  asking(owner: Owner, sessionId: string, slidesTo: number | undefined): Statement[];
  /** Called when there may be one to be made. */
  asked(): void;
  close(): Promise<void>;
}

/** For formations whose sessions are not summarised. */
export const noSessionSummaries: SessionSummaries = {
  inPlaceOf: async () => "",
  asking: () => [],
  asked() {},
  async close() {},
};

/** For how long the tasks that a process has claimed are its own, in milliseconds. */
const lease = 180_000;
/** Pause before an attempt that failed is repeated, in milliseconds. */
const retryAfter = 30_000;
const mostAttempts = 3;
/** How often to look for what other processes left behind, in milliseconds. */
const lookAgainAfter = 120_000;
/** What one process claims at once: no more than it can handle within its lease. */
const tasksAtOnce = 8;
const callsAtOnce = 4;
/** Most messages in one call of the model. */
const messagesPerCall = 40;

/** The newest summary of what was said before a message. */
const fitting = (summaries: readonly StoredSummary[], from: number): string =>
  summaries.find(({ before }) => before <= from)?.text ?? "";

/**
 * Makes summaries in the background. The database holds which are still to be made, so a crash costs nothing but time. A
 * summary goes on from the one before it; where many messages are to be read, each part is stored.
 */
export const createSessionSummaries = (deps: {
  formationId: string;
  summaries: SummaryRepository;
  summarise: Summarise;
  /** Milliseconds of silence after which a session is summarised as a whole; undefined for never. */
  idleTime: number | undefined;
  now: () => number;
  log: Logger;
}): SessionSummaries => {
  const { formationId, summaries, summarise, idleTime, now, log } = deps;
  /** The log is told of the first failure alone, until a summary is made again. */
  let isFailing = false;

  const make = async (task: SummaryTask, signal: AbortSignal): Promise<void> => {
    const earlier = await summaries.before(task);
    const read = await summaries.messages(task, earlier?.before ?? 0, messagesPerCall + 1);
    const next = read[messagesPerCall];
    const messages = read.slice(0, messagesPerCall);
    const last = messages.at(-1);
    if (!last) return summaries.drop(task);
    const { text, decisions, projects } = await summarise(earlier?.text ?? "", messages, signal);
    const isComplete = next === undefined;
    await summaries.finish(
      task,
      {
        text,
        before: next?.seq ?? Math.max(task.before, last.seq + 1),
        details: decisions.length + projects.length === 0 ? null : JSON.stringify({ decisions, projects }),
        isComplete,
      },
      now(),
    );
  };

  const tryToMake = async (task: SummaryTask, signal: AbortSignal): Promise<void> => {
    try {
      await make(task, signal);
      isFailing = false;
    } catch (error) {
      if (signal.aborted) return summaries.release(task, now(), false);
      if (!isFailing) {
        log.warn(
          { err: error },
          "a session could not be summarised: what left its window is missing in prompts",
        );
      }
      isFailing = true;
      if (task.attempts + 1 >= mostAttempts) await summaries.drop(task);
      else await summaries.release(task, now() + retryAfter, true);
    }
  };

  const look = async (signal: AbortSignal): Promise<number | undefined> => {
    while (!signal.aborted) {
      const tasks = await summaries.claim(formationId, {
        now: now(),
        until: now() + lease,
        limit: tasksAtOnce,
      });
      if (tasks.length === 0) break;
      await fewAtOnce(tasks, callsAtOnce, (task) => tryToMake(task, signal));
    }
    const due = await summaries.nextDue(formationId);
    return due === undefined ? lookAgainAfter : Math.min(Math.max(0, due - now()), lookAgainAfter);
  };

  const worker = createWorker({ what: "summarising sessions", look, ...pace, log });
  worker.wake();

  return {
    inPlaceOf: async (owner, sessionId, from) => fitting(await summaries.ofWindow(owner, sessionId), from),
    asking: (owner, sessionId, slidesTo) => [
      ...(slidesTo === undefined ? [] : [summaries.note(owner, sessionId, slidesTo, now())]),
      ...(idleTime === undefined ? [] : [summaries.noteLog(owner, sessionId, now() + idleTime)]),
    ],
    asked: () => worker.wake(),
    close: () => worker.close(),
  };
};
