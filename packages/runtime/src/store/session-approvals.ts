import { type Statement, sql } from "./database/index.ts";

/** Deletes the approvals in sessions that are about to be deleted. */
export const approvalsIn = (formationId: string, sessions: Statement): Statement =>
  sql`delete from tool_approval where formation_id = ${formationId}
    and (user_id, session_id) in (select user_id, id from session where ${sessions})`;
