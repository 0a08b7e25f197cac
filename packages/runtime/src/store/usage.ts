import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";

/** What the requests of one user, agent and model have used in a day, as far as they are told apart. */
export interface UsedTokens {
  /** Empty where users, or agents, are not told apart. */
  userId: string;
  agentId: string;
  model: string;
  /** Days since 1970, in UTC. */
  day: number;
  requests: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
}

export interface UsageRepository {
  /**
   * What requests have used that were made between two times, and that a model was chosen for, day by day. Of those that were
   * deleted, the days that lie there, if only in part.
   *
   * @param apart What they are told apart by, beside model and day, on which the price depends.
   */
  of(
    formationId: string,
    time: { from: number; to: number },
    apart: { user: boolean; agent: boolean },
  ): AsyncGenerator<UsedTokens[]>;
  /** Deletes what was used before a day, and gives the number of rows that went. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

const dayLasts = 86_400_000;

/** Requests of before a version that counted them have no tokens of some kinds. */
const counted = sql`count(*) as requests, sum(case when status in ('failed', 'cancelled') then 1 else 0 end) as failed,
  coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
  coalesce(sum(cached_tokens), 0) as cached_tokens, coalesce(sum(cache_write_tokens), 0) as cache_write_tokens`;

/**
 * Keeps what requests have used that are being deleted. The length of a day is a literal: SQLite would take a parameter for a
 * fraction, and divide so.
 *
 * @param which Of the requests.
 */
export const keepUsage = (which: Statement): Statement =>
  sql`insert into usage_by_day (formation_id, user_id, day, agent_id, model, requests, failed, input_tokens,
        output_tokens, cached_tokens, cache_write_tokens)
      select formation_id, user_id, created_at / 86400000, coalesce(agent_id, ''), model, ${counted}
      from request where ${which} and model is not null
      group by formation_id, user_id, created_at / 86400000, coalesce(agent_id, ''), model
      on conflict (formation_id, user_id, day, agent_id, model) do update set
        requests = usage_by_day.requests + excluded.requests,
        failed = usage_by_day.failed + excluded.failed,
        input_tokens = usage_by_day.input_tokens + excluded.input_tokens,
        output_tokens = usage_by_day.output_tokens + excluded.output_tokens,
        cached_tokens = usage_by_day.cached_tokens + excluded.cached_tokens,
        cache_write_tokens = usage_by_day.cache_write_tokens + excluded.cache_write_tokens`;

export const createUsageRepository = (db: Database): UsageRepository => ({
  async *of(formationId, { from, to }, { user, agent }) {
    const userId = user ? sql`user_id` : sql`cast('' as text)`;
    const agentId = agent ? sql`coalesce(agent_id, '')` : sql`cast('' as text)`;
    // All days in one query would hold up every chat of a process on SQLite.
    for (let day = Math.floor(from / dayLasts); day * dayLasts < to; day += 1) {
      const first = Math.max(from, day * dayLasts);
      const end = Math.min(to, (day + 1) * dayLasts);
      const rows = await db.read<Omit<UsedTokens, "day">>(
        sql`select of_user as "userId", of_agent as "agentId", model, sum(requests) as requests, sum(failed) as failed,
            sum(input_tokens) as "inputTokens", sum(output_tokens) as "outputTokens",
            sum(cached_tokens) as "cachedTokens", sum(cache_write_tokens) as "cacheWriteTokens"
          from (
            select ${userId} as of_user, ${agentId} as of_agent, model, ${counted} from request
            where formation_id = ${formationId} and created_at >= ${first} and created_at < ${end}
              and model is not null
            group by ${userId}, ${agentId}, model
            union all
            select ${userId}, ${agentId}, model, requests, failed, input_tokens, output_tokens, cached_tokens,
              cache_write_tokens
            from usage_by_day where formation_id = ${formationId} and day = ${day}
          ) as used
          group by of_user, of_agent, model`,
      );
      yield rows.map((row) => ({
        ...row,
        day,
        requests: Number(row.requests),
        failed: Number(row.failed),
        inputTokens: Number(row.inputTokens),
        outputTokens: Number(row.outputTokens),
        cachedTokens: Number(row.cachedTokens),
        cacheWriteTokens: Number(row.cacheWriteTokens),
      }));
    }
  },

  async forget(formationId, before, limit) {
    const [result] = await db.write([
      sql`delete from usage_by_day where formation_id = ${formationId} and (user_id, day, agent_id, model) in (
        select user_id, day, agent_id, model from usage_by_day
        where formation_id = ${formationId} and day < ${Math.floor(before / dayLasts)} order by day limit ${limit})`,
    ]);
    return result?.changes ?? 0;
  },
});
