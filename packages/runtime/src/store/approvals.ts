import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

/** Tools whose calls users have approved once and for all (docs/spec/formation-files.md "Calls that need approval"). */
export interface ApprovalRepository {
  /** Approves further calls of a tool, for the user or in one session. */
  allow(
    owner: Owner,
    approval: { server: string; tool: string; sessionId: string | undefined; now: number },
  ): Statement;
  /** @param call.tool Name of the tool at its server: the one that models see may stand for another one later. */
  isAllowed(owner: Owner, call: { server: string; tool: string; sessionId: string }): Promise<boolean>;
}

const keyOf = ({ server, tool }: { server: string; tool: string }) => `${server}/${tool}`;

export const createApprovalRepository = (db: Database): ApprovalRepository => ({
  allow: ({ formationId, userId }, { sessionId = "", now, ...tool }) =>
    sql`insert into tool_approval (formation_id, user_id, tool, session_id, created_at)
      values (${formationId}, ${userId}, ${keyOf(tool)}, ${sessionId}, ${now}) on conflict do nothing`,

  async isAllowed({ formationId, userId }, { sessionId, ...tool }) {
    const rows = await db.read(
      sql`select 1 as found from tool_approval where formation_id = ${formationId} and user_id = ${userId}
        and tool = ${keyOf(tool)} and session_id in ('', ${sessionId}) limit 1`,
    );
    return rows.length > 0;
  },
});
