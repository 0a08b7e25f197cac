import { LRUCache } from "lru-cache";
import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

/** The newest messages of a user among which to find what is not learned yet. */
const mostOfUser = 20;
/** Characters of all messages that are cached, and what each user counts for beside theirs. */
const mostCached = 2_000_000;
const perUser = 200;

/**
 * What users have said that nothing was learned from yet. Each of their chats asks for it: it is cached where the
 * database tells when it changes, else read.
 */
export interface Unlearned {
  /** Newest first. */
  of(owner: Owner): Promise<readonly string[]>;
  /** To be called when a lesson was stored, with what its message says. */
  added(owner: Owner, message: string): void;
  /** To be called when lessons or messages of a user were deleted; without a user, of any. */
  deleted(owner?: Owner): void;
}

interface Entry {
  /** Undefined while they are read. */
  messages: readonly string[] | undefined;
}

const keyOf = ({ formationId, userId }: Owner): string => `${formationId}\0${userId}`;

export const createUnlearned = (db: Database): Unlearned => {
  const read = async ({ formationId, userId }: Owner): Promise<readonly string[]> => {
    // The number of a deleted message may be that of another one.
    const rows = await db.read<{ content: string }>(
      sql`select content from lesson join message on message.seq = lesson.message_seq
          and message.request_id = lesson.request_id and message.role = 'user'
        where formation_id = ${formationId} and user_id = ${userId}
        order by lesson.seq desc limit ${mostOfUser}`,
    );
    return rows.map(({ content }) => content);
  };

  const { dataVersion } = db;
  if (!dataVersion) return { of: read, added() {}, deleted() {} };

  const entries = new LRUCache<string, Entry>({
    maxSize: mostCached,
    sizeCalculation: ({ messages = [] }) => messages.reduce((sum, { length }) => sum + length, perUser),
  });
  let seen = dataVersion();

  const fill = async (owner: Owner): Promise<readonly string[]> => {
    const reading: Entry = { messages: undefined };
    entries.set(keyOf(owner), reading);
    const messages = await read(owner);
    // It was changed or deleted meanwhile.
    if (entries.peek(keyOf(owner)) === reading) entries.set(keyOf(owner), { messages });
    return messages;
  };

  return {
    async of(owner) {
      const written = dataVersion();
      if (written !== seen) {
        entries.clear();
        seen = written;
      }
      return entries.get(keyOf(owner))?.messages ?? fill(owner);
    },
    added(owner, message) {
      const messages = entries.peek(keyOf(owner))?.messages;
      // It may be read right now, without this message.
      if (messages) entries.set(keyOf(owner), { messages: [message, ...messages].slice(0, mostOfUser) });
      else entries.delete(keyOf(owner));
    },
    deleted(owner) {
      if (owner) entries.delete(keyOf(owner));
      else entries.clear();
    },
  };
};
