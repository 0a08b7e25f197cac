import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

/** Tools whose calls users have approved once and for all (docs/spec/formation-files.md "Calls that need approval"). */
export interface ApprovalRepository {
  /** Approves further calls of a tool, for the user or in one session. */
  allow(owner: Owner, approval: { tool: string; sessionId: string | undefined; now: number }): Statement;
  isAllowed(owner: Owner, call: { tool: string; sessionId: string }): Promise<boolean>;
}

export const createApprovalRepository = (db: Database): ApprovalRepository => ({
  allow: ({ formationId, userId }, { tool, sessionId = "", now }) =>
    sql`insert into tool_approval (formation_id, user_id, tool, session_id, created_at)
      values (${formationId}, ${userId}, ${tool}, ${sessionId}, ${now}) on conflict do nothing`,

  async isAllowed({ formationId, userId }, { tool, sessionId }) {
    const rows = await db.read(
      sql`select 1 as found from tool_approval where formation_id = ${formationId} and user_id = ${userId}
        and tool = ${tool} and session_id in ('', ${sessionId}) limit 1`,
    );
    return rows.length > 0;
  },
});
