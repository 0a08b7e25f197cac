import { ApiError, newId } from "@muxi/protocol";
import type {
  IngestionRepository,
  ListPage,
  MemoryRepository,
  MemoryScope,
  NewMemory,
  Owner,
  StoredMemory,
} from "../store/index.ts";
import { indexWordsOf } from "../text/index.ts";
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
  scope?: MemoryScope;
  scope_id?: string | null | undefined;
}

/**
 * The memories of a formation as callers list, add and delete them (docs/spec/formation-files.md
 * "Long-term memory").
 */
export interface MemoryEntries {
  list(
    owner: Owner,
    page: ListPage & { scopes: readonly MemoryScope[]; offset: number },
  ): Promise<StoredMemory[]>;
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
  /** @returns False when the owner has no such memory. */
  delete(owner: Owner, id: string, scopes: readonly MemoryScope[]): Promise<boolean>;
  /** @returns How many memories were deleted. */
  forgetSource(owner: Owner, source: string): Promise<number>;
}

const writtenImportance = 0.8;

const importanceIn = (metadata: Record<string, unknown>): number => {
  const { importance } = metadata;
  return typeof importance === "number" && importance >= 0 && importance <= 1
    ? importance
    : writtenImportance;
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
    importance: importanceIn(metadata),
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
  return {
    list: (owner, page) => memories.list(owner, page),

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

    async delete(owner, id, scopes) {
      const isDeleted = await memories.delete(owner, id, scopes);
      if (isDeleted) await onDeleted(owner);
      return isDeleted;
    },

    async forgetSource(owner, source) {
      const count = await memories.deleteSource(owner, source);
      if (count > 0) await onDeleted(owner);
      return count;
    },
  };
};
