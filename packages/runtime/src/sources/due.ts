import { parseCron } from "@muxi/formation";
import { nextMoment } from "../background/index.ts";
import type { KnowledgeSourceState } from "../store/index.ts";
import type { ConfiguredSource } from "./http-source.ts";
import type { SourceError } from "./source.ts";

const unit: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest that a server may ask to wait, in milliseconds. */
const longestAsked = 86_400_000;

/** When a schedule comes after a moment; undefined for one that comes at the start only. */
const nextOf = (schedule: string, zone: string, after: number): number | undefined => {
  const [, count, letter = ""] = /^(\d+)([mhd])$/.exec(schedule) ?? [];
  if (count !== undefined) return after + Number(count) * (unit[letter] ?? 0);
  return schedule === "@startup" ? undefined : nextMoment(parseCron(schedule), zone, after);
};

/** When sources are looked at: times of processes and of the database, in Unix milliseconds. */
export interface Timing {
  /** IANA name of the time zone of schedules; undefined where there is no scheduler. */
  zone: string | undefined;
  /** When this process began. */
  startedAt: number;
}

/**
 * When a source is to be looked at; undefined for not before the next start.
 *
 * @param isTried Whether this process has looked at it.
 */
export const dueTimeOf = (
  { schedule }: ConfiguredSource,
  state: Pick<KnowledgeSourceState, "syncedAt" | "dueAt" | "failures"> | undefined,
  { zone, startedAt }: Timing,
  isTried: boolean,
): number | undefined => {
  if (!state || (state.syncedAt === 0 && state.failures === 0)) return 0;
  const { syncedAt, dueAt, failures } = state;
  const isAtStart = zone === undefined || schedule === "@startup";
  if (isAtStart && !isTried && syncedAt < startedAt) return 0;
  if (failures > 0 && dueAt !== null) return dueAt;
  return isAtStart ? undefined : nextOf(schedule, zone, syncedAt);
};

/** When to look again at a source that could not be read, and how often that was tried in a row. */
export const afterFailure = (
  { schedule, retry }: ConfiguredSource,
  error: SourceError,
  failures: number,
  { zone }: Timing,
  now: number,
): { failures: number; dueAt: number | null } => {
  const { max_attempts, initial_delay, max_delay, exponential_base } = retry;
  const count = (failures % max_attempts) + 1;
  if (error.isTransient && count < max_attempts) {
    const delay = Math.min(initial_delay * exponential_base ** (count - 1), max_delay) * 1000;
    const asked = Math.min(error.retryAfter ?? 0, longestAsked);
    return { failures: count, dueAt: Math.round(now + Math.max(delay, asked)) };
  }
  const next = zone === undefined ? undefined : nextOf(schedule, zone, now);
  return { failures: max_attempts, dueAt: next ?? null };
};
