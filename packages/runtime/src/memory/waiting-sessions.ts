import type { LessonSession } from "../store/index.ts";

/** A session is learned from after so much silence, in milliseconds, or so many turns. */
const silence = 60_000;
const turnsTogether = 5;
/** Most sessions that are waited for. Those beyond are found in the database. */
const mostWaiting = 10_000;
/** What is taken together: turns of few users share calls of the model. */
const sessionsAtOnce = 500;
const usersAtOnce = 50;

/** When to learn from the sessions in which something was said (docs/spec/formation-files.md "Learning"). */
export interface WaitingSessions {
  /**
   * A turn of a session has ended.
   *
   * @param atOnce Whether to wait for no more.
   */
  ended(session: LessonSession, atOnce: boolean): void;
  /** A session is due from a time on (Unix milliseconds), if not before. */
  dueFrom(session: LessonSession, at: number): void;
  /** Takes sessions that are due: they are waited for no more. */
  take(): LessonSession[];
  /** Milliseconds until the next one is due; undefined when none is waited for. */
  next(): number | undefined;
}

interface Waiting {
  session: LessonSession;
  turns: number;
  /** Unix milliseconds. */
  dueAt: number;
}

export const createWaitingSessions = (now: () => number): WaitingSessions => {
  const waiting = new Map<string, Waiting>();

  return {
    ended(session, atOnce) {
      const known = waiting.get(session.sessionId);
      if (!known && waiting.size >= mostWaiting) return;
      const turns = (known?.turns ?? 0) + 1;
      const isDue = atOnce || turns >= turnsTogether || (known !== undefined && known.dueAt <= now());
      waiting.set(session.sessionId, { session, turns, dueAt: isDue ? now() : now() + silence });
    },

    dueFrom(session, at) {
      const known = waiting.get(session.sessionId);
      if (known) known.dueAt = Math.min(known.dueAt, at);
      else if (waiting.size < mostWaiting) waiting.set(session.sessionId, { session, turns: 0, dueAt: at });
    },

    take() {
      const taken: LessonSession[] = [];
      const users = new Set<string>();
      for (const [id, { session, dueAt }] of waiting) {
        const { userId } = session.owner;
        if (dueAt > now() || (users.size >= usersAtOnce && !users.has(userId))) continue;
        users.add(userId);
        taken.push(session);
        waiting.delete(id);
        if (taken.length === sessionsAtOnce) break;
      }
      return taken;
    },

    next() {
      let soonest = Number.POSITIVE_INFINITY;
      for (const { dueAt } of waiting.values()) soonest = Math.min(soonest, dueAt);
      return waiting.size === 0 ? undefined : Math.max(0, soonest - now());
    },
  };
};
