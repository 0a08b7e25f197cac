import type { Database } from "./database/index.ts";
import { type Statement, sql, textRows } from "./database/index.ts";
import { userSpace } from "./memory-rows.ts";
import { renewingSummaries } from "./renewing-summaries.ts";
import type { Owner } from "./sessions.ts";

/** What is to be forgotten, by its places. */
export interface Forgotten {
  /** Ids of memories. */
  memories: readonly string[];
  /** Numbers of what memories said before. */
  versions: readonly number[];
  /** Ids of requests whose messages nothing was learned from yet. */
  requests: readonly string[];
}

/** Something that a memory said before, or a message that is still to be learned from. */
export interface Remembered<Place> {
  place: Place;
  content: string;
}

/** Forgetting in a chat (docs/spec/formation-files.md "Forgetting in a chat"). */
export interface ForgettingRepository {
  /** What memories of a user said before, newest first. */
  earlier(owner: Owner): Promise<Remembered<number>[]>;
  /** Messages of a user that nothing was learned from yet, newest first; `place` is their request. */
  unlearned(owner: Owner): Promise<Remembered<string>[]>;
  /**
   * Deletes memories of a user with their history, and the turns that stated them, so that they are neither in a prompt
   * nor learned again. What other messages repeat of them is blotted out.
   *
   * @param order The request that orders it: what it says of them is blotted out too.
   */
  forget(
    owner: Owner,
    what: Forgotten,
    order: { requestId: string; instead: string; asked: string; now: number },
  ): Promise<number>;
}

const mostEarlier = 500;
const mostUnlearned = 20;
/** Messages of a user, the newest, in which what was forgotten may stand again. */
const mostBlotted = 2_000;
/** A shorter text would be found in words that have nothing to do with it. */
const shortestBlotted = 8;
/** Texts that are looked for in messages. */
const mostTexts = 500;
const blot = "[forgotten]";

/** The messages that say one of some texts, with what they are to say instead. */
const blottedAmong = (messages: readonly { seq: number; content: string }[], texts: readonly string[]) => {
  // The longest first, or a text within another would leave the rest of that one standing.
  const sought = [...new Set(texts)]
    .filter(({ length }) => length >= shortestBlotted)
    .sort((a, b) => b.length - a.length)
    .slice(0, mostTexts);
  return messages
    .map((message) => ({
      ...message,
      instead: sought.reduce((content, text) => content.replaceAll(text, blot), message.content),
    }))
    .filter(({ content, instead }) => content !== instead);
};

/** @param onForgotten Called when it is done, by databases that tell. */
export const createForgettingRepository = (
  db: Database,
  onForgotten: (owner: Owner) => void,
): ForgettingRepository => {
  const { dialect } = db;
  const listed = (values: readonly string[]) => textRows(dialect, values);
  const sessionsOf = ({ formationId, userId }: Owner): Statement =>
    sql`select seq from session where formation_id = ${formationId} and user_id = ${userId}`;
  const ofUser = ({ formationId, userId }: Owner): Statement =>
    sql`formation_id = ${formationId} and user_id = ${userId}`;

  return {
    earlier: (owner) =>
      db.read(
        sql`select seq as place, content from memory_version where space = ${userSpace(owner)}
          order by seq desc limit ${mostEarlier}`,
      ),

    unlearned: (owner) =>
      db.read(
        sql`select lesson.request_id as place, content from lesson
            join message on message.seq = lesson.message_seq and message.request_id = lesson.request_id
              and message.role = 'user'
          where lesson.formation_id = ${owner.formationId} and lesson.user_id = ${owner.userId}
          order by lesson.seq desc limit ${mostUnlearned}`,
      ),

    async forget(owner, { memories, versions, requests }, order) {
      const space = userSpace(owner);
      const isMemory = sql`space = ${space} and id in ${listed(memories)}`;
      const isVersion = sql`space = ${space} and (seq ${dialect.isOneOf(versions)}
        or memory_seq in (select seq from memory where ${isMemory}))`;
      const told = await db.read<{ requestId: string | null; content: string; quote: string | null }>(
        sql`select request_id as "requestId", content, quote from memory where ${isMemory}
          union select request_id, content, quote from memory_version where ${isVersion}`,
      );
      const origins = [...requests, ...told.flatMap(({ requestId }) => requestId ?? [])].filter(
        (id) => id !== order.requestId,
      );
      const texts = told.flatMap(({ content, quote }) => [content, ...(quote ? [quote] : [])]);
      const mine = sql`session_seq in (${sessionsOf(owner)})`;
      const newest = await db.readLong<{ seq: number; content: string }>(
        sql`select seq, content from message where ${mine} order by seq desc limit ${mostBlotted}`,
      );
      const blotted = blottedAmong(newest, texts);
      const results = await db.write([
        sql`delete from lesson where ${ofUser(owner)} and request_id in ${listed([...origins, order.requestId])}`,
        sql`delete from message where ${mine} and request_id in ${listed(origins)}`,
        sql`update message set content = case when role = 'user' then ${order.instead} else ${order.asked} end,
            metadata = null
          where ${mine} and request_id = ${order.requestId} and seq <= (select max(seq) from message
            where ${mine} and request_id = ${order.requestId} and role = 'assistant')`,
        ...blotted.map(
          ({ seq, content, instead }) =>
            sql`update message set content = ${instead} where seq = ${seq} and content = ${content}`,
        ),
        ...renewingSummaries(owner, order.now),
        sql`delete from synopsis where ${ofUser(owner)}`,
        sql`delete from memory_version where ${isVersion}`,
        { ...sql`delete from memory where ${isMemory}`, onCommit: () => onForgotten(owner) },
      ]);
      const [versionsGone, memoriesGone] = results.slice(-2);
      return (
        (memoriesGone?.changes ?? 0) + Math.min(versionsGone?.changes ?? 0, versions.length) + requests.length
      );
    },
  };
};
