import type {
  ArtifactList,
  ArtifactSummary,
  ArtifactVersions,
  BufferCleared,
  BufferStats,
  History,
  Memory,
  MemoryConfig,
  MemoryCreated,
  MemoryDeleted,
  MemoryList,
  MemoryScope,
  SessionBufferCleared,
  UserBuffer,
} from "@muxi/protocol/types";
import { path } from "../http/arguments.ts";
import { Pages } from "../http/pages.ts";
import type { CallOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import type { ForUser } from "./caller.ts";
import { Conversations } from "./conversations.ts";

/** What a memory says and whom it belongs to. */
export interface NewMemory extends ForUser {
  /** Kind of memory, such as `preference`. */
  memType?: string | undefined;
  /** What to remember; `content` may take its place. */
  detail?: string | undefined;
  content?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** Default `user`. */
  scope?: MemoryScope | undefined;
  /** Needed with the scope `group`. */
  scopeId?: string | undefined;
}

/** The server's default for `limit`. */
const memoriesPerPage = 10;

const ofUser = { key: "either", user: "required" } as const;
const filteredByUser = { key: "either", user: "filter" } as const;

/**
 * Memories, buffers, history and artifacts (docs/spec/formation-api.md "Memories", "Buffers", "History" and
 * "Calls of other servers").
 */
export class Memories extends Conversations {
  /**
   * The formation's memory configuration. Needs the admin key.
   *
   * @example
   * const config = await formation.getMemoryConfig();
   */
  async getMemoryConfig(options?: CallOptions): Promise<Result<MemoryConfig>> {
    return this.call({ path: "/memory", key: "admin" }, options);
  }

  /** How full the buffer of recent messages is. Needs the admin key. */
  async getBufferStats(options?: CallOptions): Promise<Result<BufferStats>> {
    return this.call({ path: "/memory/stats", key: "admin" }, options);
  }

  /**
   * What is remembered about the user: awaited, one page; iterated, everything.
   *
   * `limit`: size of a page, 1 to 100, default 10.
   * @example
   * for await (const memory of formation.getMemories({ userId: "user_123" })) console.log(memory.content);
   */
  getMemories(
    {
      userId,
      limit,
      offset = 0,
      scopes,
    }: ForUser & {
      limit?: number | undefined;
      offset?: number | undefined;
      scopes?: MemoryScope[] | undefined;
    } = {},
    options?: CallOptions,
  ): Pages<Result<MemoryList>, Memory> {
    return new Pages<Result<MemoryList>, Memory>({
      load: async (_, seen) => {
        const query = { limit, offset: offset + seen, scopes: scopes?.join(",") };
        return this.call({ path: "/memories", ...ofUser, userId, query }, options);
      },
      items: (page) => page.memories,
      hasNext: (page) => page.memories.length >= (limit ?? memoriesPerPage),
    });
  }

  /**
   * Remembers something about the user.
   *
   * @example
   * await formation.addMemory({ userId: "user_123", memType: "preference", detail: "Prefers short answers" });
   */
  async addMemory(memory: NewMemory, options?: CallOptions): Promise<Result<MemoryCreated>> {
    const { userId, memType, detail, content, metadata, scope, scopeId } = memory;
    const json = { type: memType, detail, content, metadata, scope, scope_id: scopeId };
    return this.call({ method: "POST", path: "/memories", ...ofUser, userId, json }, options);
  }

  /**
   * Forgets one memory of the user.
   *
   * @example
   * await formation.deleteMemory({ userId: "user_123", memoryId: memory.id });
   */
  async deleteMemory(
    { memoryId, userId }: ForUser & { memoryId: string },
    options?: CallOptions,
  ): Promise<Result<MemoryDeleted>> {
    return this.call({ method: "DELETE", path: path`/memories/${{ memoryId }}`, ...ofUser, userId }, options);
  }

  /** What happened with the user between two dates (ISO 8601). `limit` 1 to 100, default 10. */
  async getHistory(
    {
      userId,
      limit,
      dateFrom,
      dateTo,
      includeSources,
    }: ForUser & {
      limit?: number | undefined;
      dateFrom?: string | undefined;
      dateTo?: string | undefined;
      includeSources?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<Result<History>> {
    const query = { limit, date_from: dateFrom, date_to: dateTo, include_sources: includeSources };
    return this.call({ path: "/history", ...ofUser, userId, query }, options);
  }

  /** The user's recent messages, in numbers. */
  async getUserBuffer({ userId }: ForUser = {}, options?: CallOptions): Promise<Result<UserBuffer>> {
    return this.call({ path: "/memory/buffer", ...ofUser, userId }, options);
  }

  /**
   * Forgets the user's recent messages, in all sessions.
   *
   * @example
   * await formation.clearUserBuffer({ userId: "user_123" });
   */
  async clearUserBuffer({ userId }: ForUser = {}, options?: CallOptions): Promise<Result<BufferCleared>> {
    return this.call({ method: "DELETE", path: "/memory/buffer", ...ofUser, userId }, options);
  }

  /** Forgets the recent messages of one session. */
  async clearSessionBuffer(
    { sessionId, userId }: ForUser & { sessionId: string },
    options?: CallOptions,
  ): Promise<Result<SessionBufferCleared>> {
    const spec = { path: path`/memory/buffer/${{ sessionId }}`, ...filteredByUser };
    return this.call({ ...spec, method: "DELETE", userId }, options);
  }

  /** Forgets the recent messages of every user. Needs the admin key. */
  async clearAllBuffers(options?: CallOptions): Promise<Result<BufferCleared>> {
    return this.call({ method: "DELETE", path: "/memory/buffer", key: "admin" }, options);
  }

  /** Files that agents made for the user, newest first. `limit` 1 to 100, default 20. */
  async getArtifacts(
    { userId, limit }: ForUser & { limit?: number | undefined } = {},
    options?: CallOptions,
  ): Promise<Result<ArtifactList>> {
    return this.call({ path: "/artifacts", ...ofUser, userId, query: { limit } }, options);
  }

  /** What is known about one artifact. */
  async getArtifact(
    { artifactId, userId }: ForUser & { artifactId: string },
    options?: CallOptions,
  ): Promise<Result<ArtifactSummary>> {
    return this.call({ path: path`/artifacts/${{ artifactId }}`, ...ofUser, userId }, options);
  }

  /** The artifact itself: a response with its content type and its body unread. */
  async getArtifactContent(
    { artifactId, version, userId }: ForUser & { artifactId: string; version?: number | undefined },
    options?: CallOptions,
  ): Promise<Response> {
    const spec = { path: path`/artifacts/${{ artifactId }}/content`, ...ofUser };
    return this.request({ ...spec, userId, query: { version } }, options);
  }

  /** All versions of an artifact. */
  async getArtifactVersions(
    { artifactId, userId }: ForUser & { artifactId: string },
    options?: CallOptions,
  ): Promise<Result<ArtifactVersions>> {
    return this.call({ path: path`/artifacts/${{ artifactId }}/versions`, ...ofUser, userId }, options);
  }
}
