import type {
  Ingestion,
  IngestionAccepted,
  IngestionItem,
  MemoryBackfill,
  MemoryForgotten,
  MemoryLint,
  MemoryRebuild,
  Tuning,
  TuningWritten,
} from "@muxi/protocol/types";
import { path } from "../http/arguments.ts";
import type { CallOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import type { ForUser } from "./caller.ts";
import { People } from "./people.ts";

/**
 * Long-term memory in bulk, its upkeep, and tuning: not every server has them (docs/spec/formation-api.md
 * "Calls of other servers").
 */
export class Upkeep extends People {
  /**
   * Takes on many memories at once; they are read later.
   *
   * @example
   * await formation.ingestMemories({ items: [{ content: "Likes tea", source: "crm", source_id: "42" }] });
   */
  async ingestMemories(
    { items, userId }: ForUser & { items: readonly IngestionItem[] },
    options?: CallOptions,
  ): Promise<Result<IngestionAccepted>> {
    const spec = { method: "POST", path: "/memories/batch", key: "either", user: "required" } as const;
    return this.call({ ...spec, userId, json: { items } }, options);
  }

  /**
   * How far the server is with `ingestMemories`.
   *
   * @example
   * const { status } = await formation.getIngestion({ processingId });
   */
  async getIngestion(
    { processingId, userId }: ForUser & { processingId: string },
    options?: CallOptions,
  ): Promise<Result<Ingestion>> {
    const spec = {
      path: path`/memories/ingestion/${{ processingId }}`,
      key: "either",
      user: "filter",
    } as const;
    return this.call({ ...spec, userId }, options);
  }

  /**
   * Makes what is derived from a user's memories anew; in the background unless `background` is false.
   *
   * @example
   * const { job_id } = await formation.rebuildMemory({ userId: "user_123" });
   */
  async rebuildMemory(
    args: { userId: string; projection?: string; dryRun?: boolean; background?: boolean; backfill?: boolean },
    options?: CallOptions,
  ): Promise<Result<MemoryRebuild>> {
    const { userId, projection, dryRun, background, backfill } = args;
    const json = { user_id: userId, projection, dry_run: dryRun, background, backfill };
    return this.#change("/memory/rebuild", json, options);
  }

  /**
   * How far the server is with `rebuildMemory`.
   *
   * @example
   * const { status } = await formation.getMemoryRebuild({ jobId });
   */
  async getMemoryRebuild(
    { jobId }: { jobId: string },
    options?: CallOptions,
  ): Promise<Result<MemoryRebuild>> {
    return this.call({ path: path`/memory/rebuild/${{ jobId }}`, key: "admin" }, options);
  }

  /**
   * Fills in what older memories of a user lack.
   *
   * @example
   * const { synthesized } = await formation.backfillMemory({ userId: "user_123" });
   */
  async backfillMemory(
    { userId }: { userId: string },
    options?: CallOptions,
  ): Promise<Result<MemoryBackfill>> {
    return this.#change("/memory/backfill", { user_id: userId }, options);
  }

  /**
   * Forgets what a user's memories took from one source.
   *
   * @example
   * await formation.forgetSource({ userId: "user_123", source: "crm" });
   */
  async forgetSource(
    args: { userId: string; source: string; reason?: string; rebuild?: boolean },
    options?: CallOptions,
  ): Promise<Result<MemoryForgotten>> {
    const { userId, ...rest } = args;
    return this.#change("/memory/forget", { user_id: userId, ...rest }, options);
  }

  /**
   * Looks for faults in the memories of one user or of all.
   *
   * @example
   * const { report } = await formation.lintMemory();
   */
  async lintMemory({ userId }: { userId?: string } = {}, options?: CallOptions): Promise<Result<MemoryLint>> {
    return this.#change("/memory/lint", { user_id: userId }, options);
  }

  /**
   * The tuning document; its content is null while there is none.
   *
   * @example
   * const { content } = await formation.getTuning();
   */
  async getTuning(options?: CallOptions): Promise<Result<Tuning>> {
    return this.call({ path: "/tuning", key: "admin" }, options);
  }

  /**
   * Replaces the tuning document. At most 32,768 bytes.
   *
   * @example
   * await formation.setTuning({ content: "Answer in one sentence." });
   */
  async setTuning({ content }: { content: string }, options?: CallOptions): Promise<Result<TuningWritten>> {
    return this.#change("/tuning", { content }, options);
  }

  /**
   * Runs one pass of tuning.
   *
   * @example
   * await formation.runTuning();
   */
  async runTuning(options?: CallOptions): Promise<Result<object>> {
    return this.#change("/tuning/run", undefined, options);
  }

  async #change<Data>(path: string, json: unknown, options?: CallOptions): Promise<Result<Data>> {
    return this.call({ method: "POST", path, key: "admin", json }, options);
  }
}
