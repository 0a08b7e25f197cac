import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

/** What goes: conditions for the memories, and for what memories said before. */
interface Gone {
  memories: Statement;
  versions: Statement;
}

/** Sessions and requests of a user that have stated what goes. */
const stating = ({ formationId, userId }: Owner, gone: Gone): Statement =>
  sql`select session.seq as session_seq, stated.request_id
    from (select session_id, request_id from memory where ${gone.memories}
        union select session_id, request_id from memory_version where ${gone.versions}) as stated
      join session on session.formation_id = ${formationId} and session.id = stated.session_id
        and session.user_id = ${userId}`;

/**
 * Has summaries of a user's sessions made anew, of the messages that are left and not left out: for the transaction in
 * which something of these is forgotten, before it is. Tasks come first: who is about to store a summary has locked its task,
 * and has lost it then.
 *
 * @param gone Only those of sessions that have stated it; without it, all.
 */
export const renewingSummaries = (owner: Owner, now: number, gone?: Gone): Statement[] => {
  const { formationId, userId } = owner;
  const sessions = gone
    ? sql`(select session_seq from (${stating(owner, gone)}) as those)`
    : sql`(select seq from session where formation_id = ${formationId} and user_id = ${userId})`;
  return [
    sql`update summary_task set due = ${now}, attempts = 0 where session_seq in ${sessions}`,
    sql`insert into summary_task (session_seq, kind, formation_id, before_seq, due, attempts)
      select session_seq, kind, ${formationId}, max(before_seq), ${now}, 0 from session_summary
      where session_seq in ${sessions} group by session_seq, kind
      on conflict (session_seq, kind) do nothing`,
    sql`delete from session_summary where session_seq in ${sessions}`,
  ];
};

/**
 * Leaves what requests have said out of summaries, since memories of them are deleted or corrected, and has these made
 * anew: for the transaction that does so, before it does.
 */
export const leavingOut = (owner: Owner, now: number, gone: Gone): Statement[] => [
  sql`insert into summary_omission (session_seq, request_id)
    select session_seq, request_id from (${stating(owner, gone)}) as those where request_id is not null
    on conflict (session_seq, request_id) do nothing`,
  ...renewingSummaries(owner, now, gone),
];
