import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import {
  asks,
  columns,
  createEnds,
  type Ending,
  insertSteps,
  isMine,
  one,
  type StoredRequest,
} from "./request-rows.ts";
import { inSession, type Owner } from "./sessions.ts";

/** Messages that wait for the end of the one before them, and what they ask of the request at work. */
export interface QueuedMessages {
  /** Those of a session that no process has begun, in their order. */
  queued(owner: Owner, sessionId: string): Promise<StoredRequest[]>;
  /**
   * Changes one of them.
   *
   * @param request As it was read.
   * @param change.content The message as its session keeps it.
   * @returns False when a process has begun it meanwhile, or it has changed; nothing was written then.
   */
  changeQueued(
    request: StoredRequest,
    owner: Owner,
    change: { input: string; content: string },
  ): Promise<boolean>;
  /** Ends one of them and deletes its message. False when a process has begun it meanwhile; nothing was written then. */
  dropQueued(request: StoredRequest, owner: Owner, ending: Ending): Promise<boolean>;
  /**
   * Ends one of them since the agent of another request has read it, and notes it in the journal of that one.
   *
   * @param by.step Key and value of the note.
   * @param also What is written in the same transaction.
   * @returns False when another process works on that request, or the message is read, changed or deleted; nothing was
   * written then.
   */
  takeQueued(
    request: StoredRequest,
    by: { formationId: string; id: string; leaseOwner: string; step: readonly [key: string, value: string] },
    ending: Pick<Ending, "log" | "now"> & { agentId: string; model: string },
    also: readonly Statement[],
  ): Promise<boolean>;
  /** Statements that make messages part of the request which has answered them. */
  join(owner: Owner, sessionId: string, requestId: string, taken: readonly string[]): Statement[];
  /** Statement that asks something of the chat that is being answered in a session. */
  ask(owner: Owner, sessionId: string, what: "interrupt" | "steer"): Statement;
}

/** Condition for requests of messages that no process has begun. */
const isQueued = sql`completed_at is null and mode = 'async' and status = 'pending' and attempts = 0
  and started_at is null and kind = 'chat'`;

export const createQueuedMessages = (db: Database): QueuedMessages => {
  const end = createEnds(db.dialect);
  const lockRows: Statement = { text: db.dialect.lockRows, values: [] };
  const ofSession = ({ formationId, userId }: Owner, sessionId: string) =>
    sql`formation_id = ${formationId} and user_id = ${userId} and session_id = ${sessionId}`;
  const messageOf = (owner: Owner, { id, sessionId }: StoredRequest) =>
    sql`${inSession(owner, sessionId)} and request_id = ${id} and role = 'user'`;
  return {
    queued: (owner, sessionId) =>
      db.read(
        sql`select ${columns} from request where ${ofSession(owner, sessionId)} and ${isQueued} order by seq`,
      ),

    async changeQueued(request, owner, { input, content }) {
      const done = await db.writeIf(
        sql`update request set input = ${input}
          where ${one(owner.formationId, request.id)} and user_id = ${owner.userId} and ${isQueued}
            and input = ${request.input}`,
        [sql`update message set content = ${content} where ${messageOf(owner, request)}`],
      );
      return done !== undefined;
    },

    async dropQueued(request, owner, ending) {
      const { formationId, userId } = owner;
      const done = await db.writeIf(
        sql`update request set attempts = attempts
          where ${one(formationId, request.id)} and user_id = ${userId} and ${isQueued}`,
        [
          end.waiting(formationId, request.id, ending),
          sql`delete from message where ${messageOf(owner, request)}`,
        ],
      );
      return done !== undefined;
    },

    async takeQueued(request, { formationId, id, leaseOwner, step }, { log, now, agentId, model }, also) {
      const holder = sql`select 1 from request as holder
        where ${one(formationId, id)} and ${isMine(leaseOwner)} ${lockRows}`;
      const done = await db.writeIf(
        sql`update request set status = 'completed', completed_at = ${now}, log = ${log}, input = null,
            agent_id = ${agentId}, model = ${model}
          where ${one(formationId, request.id)} and ${isQueued} and input = ${request.input} and exists (${holder})`,
        [...insertSteps(formationId, id, new Map([step])), ...also],
      );
      return done !== undefined;
    },

    join: (owner, sessionId, requestId, taken) =>
      taken.map(
        (id) =>
          sql`update message set request_id = ${requestId}
            where ${inSession(owner, sessionId)} and request_id = ${id} and role = 'user'`,
      ),

    ask: (owner, sessionId, what) =>
      sql`update request set cancel_asked = ${asks[what]}
        where ${ofSession(owner, sessionId)} and completed_at is null and kind = 'chat'
          and (status = 'processing' or (status = 'pending' and attempts > 0))
          and cancel_asked not in (${asks.cancel}, ${asks.interrupt})`,
  };
};
