import type {
  History,
  HistoryEntry,
  Ingestion,
  IngestionAccepted,
  IngestionItem,
  Memory,
  MemoryBackfill,
  MemoryConfig,
  MemoryCreated,
  MemoryDeleted,
  MemoryDetail,
  MemoryForgotten,
  MemoryImported,
  MemoryImportResult,
  MemoryLine,
  MemoryLint,
  MemoryList,
  MemoryProvenance,
  MemoryRebuild,
  MemoryScope,
} from "@muxi/protocol/types";
import type { CallOptions, Pages, Result } from "../../http/index.ts";
import {
  access,
  asyncMethod,
  bareEndpoint,
  endpoint,
  type ForUser,
  pagedEndpoint,
  pagesOf,
  responseOf,
} from "../index.ts";

/** Something to remember, and about whom. */
export interface NewMemory extends ForUser {
  /** Kind of memory, such as `preference`. */
  memType?: string | undefined;
  /** The text to remember. */
  detail?: string | undefined;
  /** The text to remember, in place of `detail`. */
  content?: string | undefined;

  /** What to store with the memory; at most 16,384 characters of JSON. */
  metadata?: Record<string, unknown> | undefined;
  /** What the memory is about. A newer memory about the same subject takes its place. */
  subject?: string | undefined;
  /** Default `user`. */
  scope?: MemoryScope | undefined;
  /** Required with the scope `group`. */
  scopeId?: string | undefined;
  /** The system that the memory comes from. */
  source?: string | undefined;
  /** The id of the memory in that system. */
  sourceId?: string | undefined;
  /** Whether it is recalled with every message. Default false. */
  pinned?: boolean | undefined;
  /** Seconds after which it is forgotten. Default: never. */
  ttl?: number | undefined;
}

/** A correction of a memory. What is left out stays. */
export interface MemoryCorrection extends ForUser {
  /** Id of the memory. */
  memoryId: string;
  /** What is right. What was there before stays as history. */
  content?: string | undefined;
  /** What to store with it in place of what is there. */
  metadata?: Record<string, unknown> | undefined;
  /** Collection to move it to, such as `preferences`. */
  collection?: string | undefined;
  /** Whether it is recalled with every message. */
  pinned?: boolean | undefined;
  /** Seconds from now after which it is forgotten; null for never. */
  ttl?: number | null | undefined;
}

/** Long-term memory (docs/spec/formation-api.md "Memories" and "History"). */
export interface MemoryMethods {
  /**
   * Reads the formation's memory settings. Needs the admin key.
   *
   * @example
   * const config = await formation.getMemoryConfig();
   */
  config(options?: CallOptions): Promise<Result<MemoryConfig>>;

  /**
   * Lists what is remembered about the user, newest first: awaited, one page; iterated, everything.
   *
   * @example
   * for await (const memory of formation.getMemories({ userId: "user_123" })) console.log(memory.content);
   */
  list(
    args?: ForUser & {
      /** Size of a page, 1 to 100. Default 10; in an iteration 100. */
      limit?: number | undefined;

      /** Memories to skip, counted from the newest. Default 0. */
      offset?: number | undefined;

      /** Only memories after those of an earlier answer: its `next`. */
      before?: string | undefined;

      /** Only memories of these scopes. Default: all that the key may read. */
      scopes?: MemoryScope[] | undefined;

      /** Only memories of these collections, such as `preferences`. Default: all. */
      collections?: string[] | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<MemoryList>, Memory>;

  /**
   * Remembers something about the user.
   *
   * @example
   * await formation.addMemory({ userId: "user_123", memType: "preference", detail: "Prefers short answers" });
   */
  add(memory: NewMemory, options?: CallOptions): Promise<Result<MemoryCreated>>;

  /**
   * Reads one memory with where it comes from and what it said before.
   *
   * @example
   * const { origin, history } = await formation.getMemory({ userId: "user_123", memoryId: memory.id });
   */
  get(
    args: ForUser & {
      /** Id of the memory. */
      memoryId: string;
    },
    options?: CallOptions,
  ): Promise<Result<MemoryDetail>>;

  /**
   * Corrects one memory of the user.
   *
   * @example
   * await formation.updateMemory({ userId: "user_123", memoryId: memory.id, content: "Lives in Porto" });
   */
  update(edit: MemoryCorrection, options?: CallOptions): Promise<Result<MemoryDetail>>;

  /**
   * Lists the memories that come from a request or message, or that name somebody or something, with where they come
   * from.
   *
   * @example
   * const { memories } = await formation.getMemoryProvenance({ userId: "user_123", entity: "Porto" });
   */
  provenance(
    args: ForUser & {
      /** Somebody or something that the memories name. */
      entity?: string | undefined;
      /** Id of a request or message; in place of `entity`. */
      eventId?: string | undefined;
      /** Memories to return, 1 to 100. Default 10. */
      limit?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<MemoryProvenance>>;

  /**
   * Deletes one memory of the user.
   *
   * @example
   * await formation.deleteMemory({ userId: "user_123", memoryId: memory.id });
   */
  delete(
    args: ForUser & {
      /** Id of the memory. */
      memoryId: string;
    },
    options?: CallOptions,
  ): Promise<Result<MemoryDeleted>>;

  /**
   * Lists the user's conversations that were active between two days, newest first: awaited, one page; iterated, all.
   */
  history(
    args?: ForUser & {
      /** Size of a page, 1 to 100. Default 10; in an iteration 100. */
      limit?: number | undefined;

      /** Only conversations after those of an earlier answer: its `next`. */
      before?: string | undefined;

      /** Only conversations that were active at or after this day or time, ISO 8601. */
      dateFrom?: string | undefined;

      /** Only conversations that were active at or before this day or time, ISO 8601. A day means its end. */
      dateTo?: string | undefined;

      /** Whether each entry has its newest messages. Default false. */
      includeSources?: boolean | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<History>, HistoryEntry>;

  /**
   * Sends many memories at once.
   *
   * @example
   * await formation.ingestMemories({ items: [{ content: "Likes tea", source: "crm", source_id: "42" }] });
   */
  ingest(
    args: ForUser & {
      /** The memories. One that is invalid keeps no other out. */
      items: readonly IngestionItem[];
    },
    options?: CallOptions,
  ): Promise<Result<IngestionAccepted>>;

  /**
   * Exports the user's own memories, oldest first: a response whose body is JSON Lines, unread.
   *
   * @example
   * const lines = await (await formation.exportMemories({ userId: "user_123" })).text();
   */
  export(args?: ForUser, options?: CallOptions): Promise<Response>;

  /**
   * Brings in memories, such as those of an export. Each is brought in once, however often it is sent.
   *
   * @example
   * await formation.importMemories({ userId: "user_123", memories: lines.trim().split("\n").map((line) => JSON.parse(line)) });
   */
  import(
    args: ForUser & {
      /** The memories, at most 5,000. One that is invalid keeps no other out. */
      memories: readonly (MemoryImported | MemoryLine)[];
    },
    options?: CallOptions,
  ): Promise<Result<MemoryImportResult>>;

  /**
   * Reads what became of memories that were sent with `ingestMemories`.
   *
   * @example
   * const { status } = await formation.getIngestion({ processingId });
   */
  getIngestion(
    args: ForUser & {
      /** `processing_id` of the answer to `ingestMemories`. */
      processingId: string;
    },
    options?: CallOptions,
  ): Promise<Result<Ingestion>>;

  /**
   * Deletes what a user's memories took from one source. Needs the admin key.
   *
   * @example
   * await formation.forgetSource({ userId: "user_123", source: "crm" });
   */
  forgetSource(
    args: ForUser & {
      /** System that the memories came from. */
      source: string;
      /** Why they are deleted. Servers of this version ignore it. */
      reason?: string | undefined;
      /** Whether what was derived from them is derived again. Servers of this version ignore it. */
      rebuild?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<MemoryForgotten>>;

  /**
   * Derives again what was derived from a user's memories, in the background unless `background` is false. Needs the
   * admin key.
   *
   * @example
   * const { job_id } = await formation.rebuildMemory({ userId: "user_123" });
   */
  rebuild(
    args?: ForUser & {
      /** Only this projection. Default: all. */
      projection?: string | undefined;

      /** Only report what would change. Default false. */
      dryRun?: boolean | undefined;

      /** Whether to return at once, before the work is done. Default true. */
      background?: boolean | undefined;

      /** Whether to fill in first what older memories lack. Default false. */
      backfill?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<MemoryRebuild>>;

  /**
   * Reads how far `rebuildMemory` has come. Needs the admin key.
   *
   * @example
   * const { status } = await formation.getMemoryRebuild({ jobId });
   */
  getRebuild(
    args: {
      /** `job_id` of the answer to `rebuildMemory`. */
      jobId: string;
    },
    options?: CallOptions,
  ): Promise<Result<MemoryRebuild>>;

  /**
   * Fills in what older memories of a user lack. Needs the admin key.
   *
   * @example
   * const { synthesized } = await formation.backfillMemory({ userId: "user_123" });
   */
  backfill(args?: ForUser, options?: CallOptions): Promise<Result<MemoryBackfill>>;

  /**
   * Looks for contradictions, doubles and what has passed in the memories of one user or of all, and changes nothing.
   * Needs the admin key.
   *
   * @example
   * const { report } = await formation.lintMemory({ userId: "user_123" });
   * for (const { kind, reason, memories } of report.faults) console.log(kind, reason, memories);
   */
  lint(args?: ForUser, options?: CallOptions): Promise<Result<MemoryLint>>;
}

export const createMemories = (): MemoryMethods => ({
  config: bareEndpoint("getMemoryConfig", "GET", "/memory", access.admin),
  list: pagedEndpoint(
    "getMemories",
    "/memories",
    access.user,
    { limit: true, offset: true, before: true, scopes: true, collections: true },
    {
      items: (page) => page.memories,
      // Other servers have no `next`: there a list that changes meanwhile moves.
      query: ({ offset = 0, before }, previous, seen) =>
        previous?.next ? { before: previous.next, offset: undefined } : { before, offset: offset + seen },
      hasNext: ({ next, memories }, limit) => (next === undefined ? memories.length >= limit : next !== null),
    },
  ),
  add: endpoint("addMemory", "POST", "/memories", access.user, {
    memType: "type",
    detail: true,
    content: true,
    metadata: true,
    subject: true,
    scope: true,
    scopeId: true,
    source: true,
    sourceId: true,
    pinned: true,
    ttl: true,
  }),
  get: endpoint("getMemory", "GET", "/memories/{memoryId}", access.user, {}),
  update: endpoint("updateMemory", "PATCH", "/memories/{memoryId}", access.user, {
    content: true,
    metadata: true,
    collection: true,
    pinned: true,
    ttl: true,
  }),
  provenance: endpoint("getMemoryProvenance", "GET", "/memories/provenance", access.user, {
    entity: true,
    eventId: true,
    limit: true,
  }),
  delete: endpoint("deleteMemory", "DELETE", "/memories/{memoryId}", access.user, {}),
  history: pagedEndpoint(
    "getHistory",
    "/history",
    access.user,
    {
      limit: true,
      before: true,
      dateFrom: true,
      dateTo: true,
      includeSources: true,
    },
    pagesOf(({ entries }: History) => entries),
  ),
  ingest: endpoint("ingestMemories", "POST", "/memories/batch", access.user, { items: true }),
  export: asyncMethod("exportMemories", "{ userId }", async (caller, { userId } = {}, options) =>
    responseOf(caller, { ...access.user, path: "/memories/export", userId }, options),
  ),
  import: endpoint("importMemories", "POST", "/memories/import", access.user, { memories: true }),
  getIngestion: endpoint("getIngestion", "GET", "/memories/ingestion/{processingId}", access.filter, {}),
  forgetSource: endpoint(
    "forgetSource",
    "POST",
    "/memory/forget",
    access.admin,
    { userId: true, source: true, reason: true, rebuild: true },
    { required: ["userId", "source"] },
  ),
  rebuild: endpoint(
    "rebuildMemory",
    "POST",
    "/memory/rebuild",
    access.admin,
    {
      userId: true,
      projection: true,
      dryRun: true,
      background: true,
      backfill: true,
    },
    { required: ["userId"] },
  ),
  getRebuild: endpoint("getMemoryRebuild", "GET", "/memory/rebuild/{jobId}", access.admin, {}),
  backfill: endpoint(
    "backfillMemory",
    "POST",
    "/memory/backfill",
    access.admin,
    { userId: true },
    { required: ["userId"] },
  ),
  lint: endpoint("lintMemory", "POST", "/memory/lint", access.admin, { userId: true }),
});
