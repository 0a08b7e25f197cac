import { CachedSpace, type SpaceContents } from "./cached-space.ts";
import type { Database } from "./database/index.ts";
import type { Candidate, Space } from "./memory-rows.ts";

/** Larger spaces are not cached: loading all of one would hold up every other chat. */
const mostMemories = 500;
/** Rough size of all cached spaces together, in bytes. */
const mostBytes = 32 * 2 ** 20;
const bytesPerSpace = 500;
/** Milliseconds without use after which a space may be dropped to make room for another. */
const idleAfter = 60_000;

interface Entry {
  usedAt: number;
  bytes: number;
  /** Undefined until the second use, and for good when the space is too large. */
  space: CachedSpace | undefined;
  isLarge: boolean;
}

/**
 * A cache of the memories of users who are chatting. Finding those that share words with a message takes a hundred
 * microseconds in the database, and a few here.
 */
export interface SpaceCache {
  /** Splits spaces into those that are cached and those that have to be read from the database. */
  divide(spaces: readonly Space[]): Promise<{ cached: CachedSpace[]; others: Space[] }>;
  /** A memory was written. */
  put(space: Space, memory: Candidate, words: readonly string[]): void;
  /** Memories were deleted. */
  drop(space: Space): void;
}

export const createSpaceCache = (
  dataVersion: NonNullable<Database["dataVersion"]>,
  /** Reads a space; undefined when it has more memories than `most`. */
  load: (space: Space, most: number) => Promise<SpaceContents | undefined>,
): SpaceCache => {
  /** In the order of their last use. */
  const entries = new Map<Space, Entry>();
  let bytes = 0;
  let seen = dataVersion();

  const drop = (space: Space) => {
    bytes -= entries.get(space)?.bytes ?? 0;
    entries.delete(space);
  };

  const weigh = (entry: Entry) => {
    const now = bytesPerSpace + (entry.space?.bytes ?? 0);
    bytes += now - entry.bytes;
    entry.bytes = now;
  };

  const hasRoom = (now: number): boolean => {
    for (const [space, { usedAt }] of entries) {
      if (bytes < mostBytes || now - usedAt < idleAfter) break;
      drop(space);
    }
    return bytes < mostBytes;
  };

  const fill = async (space: Space, entry: Entry): Promise<void> => {
    const contents = await load(space, mostMemories);
    // It was dropped or loaded meanwhile.
    if (entries.get(space) !== entry || entry.space) return;
    if (contents) entry.space = new CachedSpace(contents);
    else entry.isLarge = true;
    weigh(entry);
  };

  const find = async (space: Space, now: number): Promise<CachedSpace | undefined> => {
    const entry = entries.get(space);
    if (!entry) {
      if (!hasRoom(now)) return undefined;
      const added = { usedAt: now, bytes: 0, space: undefined, isLarge: false };
      entries.set(space, added);
      weigh(added);
      return undefined;
    }
    entries.delete(space);
    entries.set(space, entry);
    entry.usedAt = now;
    if (!entry.space && !entry.isLarge) await fill(space, entry);
    return entry.space;
  };

  return {
    async divide(spaces) {
      const written = dataVersion();
      if (written !== seen) {
        entries.clear();
        bytes = 0;
        seen = written;
      }
      const now = performance.now();
      const cached: CachedSpace[] = [];
      const others: Space[] = [];
      for (const space of spaces) {
        const found = await find(space, now);
        if (found) cached.push(found);
        else others.push(space);
      }
      return { cached, others };
    },
    put(space, memory, words) {
      const entry = entries.get(space);
      if (!entry || entry.isLarge) return;
      // It may be loading right now, without this memory.
      if (!entry.space) return drop(space);
      entry.space.put(memory, words);
      if (entry.space.size > mostMemories) {
        entry.space = undefined;
        entry.isLarge = true;
      }
      weigh(entry);
    },
    drop,
  };
};
