import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

export interface RememberedApproval {
  server: string;
  tool: string;
  /** Undefined for all of the user. */
  sessionId: string | undefined;
  /** Unix milliseconds. */
  createdAt: number;
}

/** Tools whose calls users have approved once and for all (docs/spec/formation-files.md "Calls that need approval"). */
export interface ApprovalRepository {
  /** Approves further calls of a tool, for the user or in one session. */
  allow(
    owner: Owner,
    approval: { server: string; tool: string; sessionId: string | undefined; now: number },
  ): Statement;
  /** The newest 1,000. */
  list(owner: Owner): Promise<RememberedApproval[]>;
  /**
   * Takes approvals of a tool back: the one in a session, or all.
   *
   * @returns How many there were.
   */
  revoke(
    owner: Owner,
    approval: { server: string; tool: string; sessionId: string | undefined },
  ): Promise<number>;
  /** @param call.tool Name of the tool at its server: the one that models see may stand for another one later. */
  isAllowed(owner: Owner, call: { server: string; tool: string; sessionId: string }): Promise<boolean>;
}

const mostListed = 1_000;

const keyOf = ({ server, tool }: { server: string; tool: string }) => `${server}/${tool}`;

export const createApprovalRepository = (db: Database): ApprovalRepository => ({
  allow: ({ formationId, userId }, { sessionId = "", now, ...tool }) =>
    sql`insert into tool_approval (formation_id, user_id, tool, session_id, created_at)
      values (${formationId}, ${userId}, ${keyOf(tool)}, ${sessionId}, ${now}) on conflict do nothing`,

  async list({ formationId, userId }) {
    const rows = await db.read<{ key: string; sessionId: string; createdAt: number }>(
      sql`select tool as key, session_id as "sessionId", created_at as "createdAt" from tool_approval
        where formation_id = ${formationId} and user_id = ${userId}
        order by created_at desc, tool, session_id limit ${mostListed}`,
    );
    return rows.map(({ key, sessionId, createdAt }) => {
      // The id of a server has no slash, the name of a tool may have one.
      const slash = key.indexOf("/");
      return {
        server: key.slice(0, slash),
        tool: key.slice(slash + 1),
        sessionId: sessionId === "" ? undefined : sessionId,
        createdAt: Number(createdAt),
      };
    });
  },

  async revoke({ formationId, userId }, { sessionId, ...tool }) {
    const [result] = await db.write([
      sql`delete from tool_approval where formation_id = ${formationId} and user_id = ${userId}
        and tool = ${keyOf(tool)} ${sessionId === undefined ? sql`` : sql`and session_id = ${sessionId}`}`,
    ]);
    return result?.changes ?? 0;
  },

  async isAllowed({ formationId, userId }, { sessionId, ...tool }) {
    const rows = await db.read(
      sql`select 1 as found from tool_approval where formation_id = ${formationId} and user_id = ${userId}
        and tool = ${keyOf(tool)} and session_id in ('', ${sessionId}) limit 1`,
    );
    return rows.length > 0;
  },
});
