import { ApiError, newId } from "@muxi/protocol";
import type {
  IngestionRepository,
  ListPage,
  MemoryChange,
  MemoryRepository,
  MemoryVersion,
  NewMemory,
  Owner,
  Reader,
  StoredMemory,
} from "../store/index.ts";
import { indexWordsOf, wordsToFind } from "../text/index.ts";
import { collectionOf } from "./collections.ts";
import { subjectOf } from "./subject.ts";
import type { MemoryLint } from "./upkeep.ts";
import { expiryOf, type ImportedMemory, importedMemory, newMemory, type WrittenMemory } from "./written.ts";

/** What became of a memory among many: one that is known already is a duplicate. */
export type ItemStatus = "accepted" | "duplicate" | "invalid";

/** What a caller changes of a memory. What is absent stays. */
export interface MemoryEdit {
  content?: string | undefined;
  collection?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  pinned?: boolean | undefined;
  /** Seconds until it is forgotten; null for never. */
  ttl?: number | null | undefined;
}

/** A memory, and what it said before, the newest first. */
export interface TracedMemory {
  memory: StoredMemory;
  history: MemoryVersion[];
}

/** Who asks: the user, and the scopes that the key opens. */
export type Asking = Omit<Reader, "now">;

/**
 * The memories of a formation as callers list, add and delete them (docs/spec/formation-files.md
 * "Long-term memory").
 */
export interface MemoryEntries {
  list(
    asking: Asking,
    page: ListPage & { offset: number; collections: readonly string[] | undefined },
  ): Promise<StoredMemory[]>;
  /** @returns Undefined when there is no such memory. */
  get(asking: Asking, id: string): Promise<TracedMemory | undefined>;
  /** The user's memories that come from a request or message, or that name something; newest first. */
  provenance(
    asking: Asking,
    of: { eventId: string } | { entity: string },
    limit: number,
  ): Promise<TracedMemory[]>;
  /** @returns The memory as it is now; undefined when there is no such memory. */
  edit(asking: Asking, id: string, edit: MemoryEdit): Promise<TracedMemory | undefined>;
  /**
   * @throws ApiError `SERVICE_UNAVAILABLE` when the formation has no long-term memory, as do the other methods that
   * write.
   */
  add(owner: Owner, written: WrittenMemory): Promise<{ id: string; memory: NewMemory }>;
  /**
   * Adds many in one transaction and stores a report under the returned id. Those that are known already are skipped.
   */
  ingest(
    owner: Owner,
    items: readonly (WrittenMemory | undefined)[],
  ): Promise<{ id: string | null; statuses: ItemStatus[] }>;
  /** The user's own memories, oldest first, some at a time. */
  all(owner: Owner): AsyncIterable<TracedMemory[]>;
  /** Adds many, some in one transaction. Those that are known already are skipped. */
  bringIn(owner: Owner, items: readonly (ImportedMemory | undefined)[]): Promise<ItemStatus[]>;
  ingestion(
    formationId: string,
    userId: string | undefined,
    id: string,
  ): ReturnType<IngestionRepository["get"]>;
  /** @returns False when there is no such memory. */
  delete(asking: Asking, id: string): Promise<boolean>;
  /** Looks for faults in the memories of a user, or without one of all users. */
  lint: MemoryLint["check"];
  /** @returns How many memories were deleted. */
  forgetSource(owner: Owner, source: string): Promise<number>;
}

/** Most earlier values that are shown of a memory. */
const shownVersions = 100;
/** Memories that are read for an export, and stored of an import, in one go. */
const exportedAtOnce = 200;
const importedAtOnce = 100;

const disabled = () =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    "This formation has no long-term memory: memory.persistent is off in its manifest",
  );

/** For a formation whose long-term memory is off. */
export const noMemoryEntries: MemoryEntries = {
  list: async () => [],
  get: () => Promise.reject(disabled()),
  provenance: async () => [],
  edit: () => Promise.reject(disabled()),
  add: () => Promise.reject(disabled()),
  ingest: () => Promise.reject(disabled()),
  all: () => {
    throw disabled();
  },
  bringIn: () => Promise.reject(disabled()),
  ingestion: () => Promise.reject(disabled()),
  delete: () => Promise.reject(disabled()),
  lint: () => Promise.reject(disabled()),
  forgetSource: () => Promise.reject(disabled()),
};

export const createMemoryEntries = (deps: {
  memories: MemoryRepository;
  ingestions: IngestionRepository;
  lint: MemoryLint;
  /** Called when there are new memories. */
  onAdded: () => void;
  /** Called when memories of a user were deleted. */
  onDeleted: (owner: Owner) => Promise<void>;
  now: () => number;
}): MemoryEntries => {
  const { memories, ingestions, onAdded, onDeleted, now } = deps;

  const traced = async (found: readonly StoredMemory[]): Promise<TracedMemory[]> => {
    const seqs = found.map(({ seq }) => seq);
    const versions = seqs.length === 0 ? [] : await memories.versions(seqs, shownVersions);
    return found.map((memory) => ({
      memory,
      history: versions.filter(({ memorySeq }) => memorySeq === memory.seq),
    }));
  };

  /** Which of many memories are new. */
  const sift = async (owner: Owner, read: readonly (NewMemory | undefined)[], time: number) => {
    const isKnown = await memories.known(
      owner,
      read.flatMap((memory) => memory ?? []),
      time,
    );
    const seen = new Set<string>();
    const fresh: NewMemory[] = [];
    const statuses = read.map((memory): ItemStatus => {
      if (!memory) return "invalid";
      const key = JSON.stringify(memory.sourceId == null ? memory.subject : [memory.source, memory.sourceId]);
      if (seen.has(key) || isKnown(memory)) return "duplicate";
      seen.add(key);
      fresh.push(memory);
      return "accepted";
    });
    return { fresh, statuses };
  };

  const get = async (reader: Reader, id: string): Promise<TracedMemory | undefined> => {
    const memory = await memories.get(reader, id);
    return memory && (await traced([memory]))[0];
  };

  return {
    list: (asking, { collections, ...page }) =>
      memories.list(
        { ...asking, now: now() },
        { ...page, collections: collections && [...new Set(collections.map(collectionOf))] },
      ),

    get: (asking, id) => get({ ...asking, now: now() }, id),

    async provenance(asking, of, limit) {
      const reader = { ...asking, now: now() };
      if ("eventId" in of) return traced(await memories.statedIn(reader, of.eventId, limit));
      const words = wordsToFind(of.entity);
      return words.length === 0 ? [] : traced(await memories.withWords(reader, words, limit));
    },

    async edit(asking, id, { content, collection, metadata, pinned, ttl }) {
      const reader = { ...asking, now: now() };
      const memory = await memories.get(reader, id);
      if (!memory) return undefined;
      const isOther = content !== undefined && content !== memory.content;
      // A memory that is about its own words is about the new ones then: the old ones, said again, are another memory.
      const isAboutItsWords = memory.subject === subjectOf(memory.content);
      const change: MemoryChange = {
        ...(isOther && {
          said: {
            content,
            words: indexWordsOf(content),
            source: "user_edit",
            subject: isAboutItsWords ? subjectOf(content) : memory.subject,
          },
        }),
        ...(collection !== undefined && { collection: collectionOf(collection) }),
        ...(metadata !== undefined && { metadata }),
        ...(pinned !== undefined && { isPinned: pinned }),
        ...(ttl !== undefined && { expiresAt: ttl === null ? null : expiryOf(ttl, reader.now) }),
      };
      if (Object.keys(change).length > 0 && !(await memories.change(reader, id, change))) return undefined;
      if (isOther) {
        await onDeleted(asking.owner);
        onAdded();
      }
      return get(reader, id);
    },

    async add(owner, written) {
      const memory = newMemory(owner, written, now());
      const [id] = await memories.add([memory]);
      if (id === undefined) throw new Error("a memory was stored without an id");
      onAdded();
      return { id, memory };
    },

    async ingest(owner, items) {
      const time = now();
      const read = items.map((item) => item && newMemory(owner, item, time));
      const { fresh, statuses } = await sift(owner, read, time);
      if (fresh.length === 0) return { id: null, statuses };
      const id = newId("ingestion");
      const count = (status: string) => statuses.filter((each) => each === status).length;
      const counts = { accepted: fresh.length, duplicate: count("duplicate"), invalid: count("invalid") };
      await ingestions.put(owner, id, { counts, createdAt: time }, memories.keep(fresh));
      onAdded();
      return { id, statuses };
    },

    async *all(owner) {
      for (let after = 0; ; ) {
        const some = await memories.after({ owner, now: now() }, after, exportedAtOnce);
        const last = some.at(-1);
        if (!last) return;
        yield await traced(some);
        after = last.seq;
      }
    },

    async bringIn(owner, items) {
      const all: ItemStatus[] = [];
      for (let first = 0; first < items.length; first += importedAtOnce) {
        const time = now();
        const read = items
          .slice(first, first + importedAtOnce)
          .map((item) => item && importedMemory(owner, item, time));
        const { fresh, statuses } = await sift(owner, read, time);
        if (fresh.length > 0) await memories.add(fresh);
        all.push(...statuses);
      }
      if (all.includes("accepted")) onAdded();
      return all;
    },

    ingestion: (formationId, userId, id) => ingestions.get(formationId, userId, id),

    async delete(asking, id) {
      const isDeleted = await memories.delete({ ...asking, now: now() }, id);
      if (isDeleted) await onDeleted(asking.owner);
      return isDeleted;
    },

    lint: deps.lint.check,

    async forgetSource(owner, source) {
      const count = await memories.deleteSource(owner, source, now());
      if (count > 0) await onDeleted(owner);
      return count;
    },
  };
};
