import { ApiError, newId } from "@muxi/protocol";
import type {
  IngestionRepository,
  ListPage,
  MemoryRepository,
  MemoryScope,
  MemoryVersion,
  NewMemory,
  Owner,
  Reader,
  StoredMemory,
} from "../store/index.ts";
import { indexWordsOf, wordsToFind } from "../text/index.ts";
import { collectionOf } from "./collections.ts";
import { subjectOf } from "./subject.ts";

/** A memory as a caller sends it. */
export interface WrittenMemory {
  type?: string | undefined;
  detail?: string | undefined;
  /** Takes precedence over `detail`. */
  content?: string | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  subject?: string | null | undefined;
  source?: string | null | undefined;
  source_id?: string | null | undefined;
  timestamp?: string | null | undefined;
  pinned?: boolean | undefined;
  /** Seconds until it is forgotten. */
  ttl?: number | null | undefined;
  scope?: MemoryScope;
  scope_id?: string | null | undefined;
}

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
  ): Promise<{ id: string | null; statuses: ("accepted" | "duplicate" | "invalid")[] }>;
  ingestion(
    formationId: string,
    userId: string | undefined,
    id: string,
  ): ReturnType<IngestionRepository["get"]>;
  /** @returns False when there is no such memory. */
  delete(asking: Asking, id: string): Promise<boolean>;
  /** @returns How many memories were deleted. */
  forgetSource(owner: Owner, source: string): Promise<number>;
}

const writtenImportance = 0.8;
/** Most earlier values that are shown of one memory, and of many together. */
const versionsOfOne = 100;
const versionsOfMany = 1_000;

const importanceIn = (metadata: Record<string, unknown>): number => {
  const { importance } = metadata;
  return typeof importance === "number" && importance >= 0 && importance <= 1
    ? importance
    : writtenImportance;
};

const noMessage = { sessionId: null, requestId: null, messageId: null, quote: null };

/** When something was noted elsewhere, in Unix milliseconds. */
const timeIn = (timestamp: string | null | undefined): number | undefined => {
  const time = Date.parse(timestamp ?? "");
  return Number.isNaN(time) ? undefined : time;
};

const newMemory = (owner: Owner, written: WrittenMemory, now: number): NewMemory => {
  const { type = "", source, source_id, scope = "user", timestamp } = written;
  const content = (written.content?.trim() || written.detail?.trim()) ?? "";
  const metadata = {
    ...written.metadata,
    ...(type !== "" && { type }),
    ...(source_id != null && { source_id }),
    ...(timestamp != null && { timestamp }),
  };
  const origin = source != null && source_id != null ? `${source} ${source_id}` : undefined;
  return {
    owner,
    scope,
    scopeId: scope === "group" ? (written.scope_id ?? null) : null,
    subject: subjectOf(written.subject ?? origin ?? content),
    collection: collectionOf(type),
    content,
    words: indexWordsOf(content),
    metadata,
    source: source ?? "api",
    sourceId: source == null ? null : (source_id ?? null),
    origin: { ...noMessage, saidAt: timeIn(timestamp) ?? now },
    importance: importanceIn(metadata),
    isPinned: written.pinned ?? false,
    expiresAt: written.ttl == null ? null : now + written.ttl * 1000,
    now,
  };
};

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
  ingestion: () => Promise.reject(disabled()),
  delete: () => Promise.reject(disabled()),
  forgetSource: () => Promise.reject(disabled()),
};

export const createMemoryEntries = (deps: {
  memories: MemoryRepository;
  ingestions: IngestionRepository;
  /** Called when there are new memories. */
  onAdded: () => void;
  /** Called when memories of a user were deleted. */
  onDeleted: (owner: Owner) => Promise<void>;
  now: () => number;
}): MemoryEntries => {
  const { memories, ingestions, onAdded, onDeleted, now } = deps;

  const traced = async (found: readonly StoredMemory[], most: number): Promise<TracedMemory[]> => {
    const seqs = found.map(({ seq }) => seq);
    const versions = seqs.length === 0 ? [] : await memories.versions(seqs, most);
    return found.map((memory) => ({
      memory,
      history: versions.filter(({ memorySeq }) => memorySeq === memory.seq),
    }));
  };

  const get = async (reader: Reader, id: string): Promise<TracedMemory | undefined> => {
    const memory = await memories.get(reader, id);
    return memory && (await traced([memory], versionsOfOne))[0];
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
      if ("eventId" in of) return traced(await memories.statedIn(reader, of.eventId, limit), versionsOfMany);
      const words = wordsToFind(of.entity);
      return words.length === 0 ? [] : traced(await memories.withWords(reader, words, limit), versionsOfMany);
    },

    async edit(asking, id, { content, collection, metadata, pinned, ttl }) {
      const reader = { ...asking, now: now() };
      const memory = await memories.get(reader, id);
      if (!memory) return undefined;
      const isOther = content !== undefined && content !== memory.content;
      // A memory that is about its own words is about the new ones then: the old ones, said again, are another memory.
      const isAboutItsWords = memory.subject === subjectOf(memory.content);
      const isChanged = await memories.change(reader, id, {
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
        ...(ttl !== undefined && { expiresAt: ttl === null ? null : reader.now + ttl * 1000 }),
      });
      if (!isChanged) return undefined;
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
      const subjects = read.flatMap((memory) => memory?.subject ?? []);
      const known = await memories.known(owner, subjects);
      const fresh: NewMemory[] = [];
      const statuses = read.map((memory) => {
        if (!memory) return "invalid";
        if (known.has(memory.subject)) return "duplicate";
        known.add(memory.subject);
        fresh.push(memory);
        return "accepted";
      });
      if (fresh.length === 0) return { id: null, statuses };
      const id = newId("ingestion");
      const count = (status: string) => statuses.filter((each) => each === status).length;
      const counts = { accepted: fresh.length, duplicate: count("duplicate"), invalid: count("invalid") };
      await ingestions.put(owner, id, { counts, createdAt: time }, memories.keep(fresh));
      onAdded();
      return { id, statuses };
    },

    ingestion: (formationId, userId, id) => ingestions.get(formationId, userId, id),

    async delete(asking, id) {
      const isDeleted = await memories.delete({ ...asking, now: now() }, id);
      if (isDeleted) await onDeleted(asking.owner);
      return isDeleted;
    },

    async forgetSource(owner, source) {
      const count = await memories.deleteSource(owner, source);
      if (count > 0) await onDeleted(owner);
      return count;
    },
  };
};
