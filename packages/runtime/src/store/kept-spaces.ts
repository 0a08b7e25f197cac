import type { Database } from "./database/index.ts";
import { KeptSpace, type SpaceContents } from "./kept-space.ts";
import type { Candidate, Space } from "./memory-rows.ts";

/** Spaces with more memories are read from the database: to read all of them would hold up every other chat. */
const mostMemories = 500;
/** Bytes of all kept spaces together, roughly. */
const mostBytes = 32 * 2 ** 20;
const bytesPerSpace = 500;
/** A space that was not used for so long makes room for others, in milliseconds. */
const idleAfter = 60_000;

interface Entry {
  usedAt: number;
  bytes: number;
  /** Undefined until it is used a second time, and for good when it is too large. */
  space: KeptSpace | undefined;
  isLarge: boolean;
}

/**
 * The memories of those who chat right now. To find what belongs to a message takes a hundred microseconds in the
 * database, and a few here.
 */
export interface KeptSpaces {
  /** Those of some spaces that are kept, and those that the database is to be asked for. */
  divide(spaces: readonly Space[]): Promise<{ known: KeptSpace[]; others: Space[] }>;
  /** A memory was written. */
  put(space: Space, memory: Candidate, words: readonly string[]): void;
  /** Memories were deleted. */
  drop(space: Space): void;
}

export const createKeptSpaces = (
  foreignWrites: NonNullable<Database["foreignWrites"]>,
  /** Undefined when a space has more memories than that. */
  load: (space: Space, most: number) => Promise<SpaceContents | undefined>,
): KeptSpaces => {
  /** Those used last stand at the end. */
  const entries = new Map<Space, Entry>();
  let bytes = 0;
  let seen = foreignWrites();

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
    // It was dropped or filled meanwhile.
    if (entries.get(space) !== entry || entry.space) return;
    if (contents) entry.space = new KeptSpace(contents);
    else entry.isLarge = true;
    weigh(entry);
  };

  const find = async (space: Space, now: number): Promise<KeptSpace | undefined> => {
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
      const written = foreignWrites();
      if (written !== seen) {
        entries.clear();
        bytes = 0;
        seen = written;
      }
      const now = performance.now();
      const known: KeptSpace[] = [];
      const others: Space[] = [];
      for (const space of spaces) {
        const found = await find(space, now);
        if (found) known.push(found);
        else others.push(space);
      }
      return { known, others };
    },
    put(space, memory, words) {
      const entry = entries.get(space);
      if (!entry || entry.isLarge) return;
      // It may be read just now, without this memory.
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
