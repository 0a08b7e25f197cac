import { type Statement, sql } from "./database/index.ts";

/**
 * Deletes what was made of the messages of some sessions, for the transaction that deletes these. Tasks come first: who is
 * about to store a summary has locked its task.
 *
 * @param sessions A query for their numbers.
 */
export const forgettingSummaries = (sessions: Statement): Statement[] => [
  sql`delete from summary_task where session_seq in (${sessions})`,
  sql`delete from session_summary where session_seq in (${sessions})`,
  sql`delete from summary_omission where session_seq in (${sessions})`,
];
