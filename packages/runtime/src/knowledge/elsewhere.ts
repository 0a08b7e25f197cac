import type { IndexingResult } from "./indexing.ts";

/** A source elsewhere, as it stands. Times are Unix milliseconds. */
export interface SourceStatus {
  source: string;
  /** When all of it was last brought up to date; 0 for never. */
  syncedAt: number;
  /** Why the last sync failed; null when it did not. */
  failure: string | null;
  /** When it is looked at next; undefined for not before the next start. */
  dueAt: number | undefined;
}

/** Keeps what is stored of sources elsewhere as they have it (docs/spec/formation-files.md "Sources elsewhere"). */
export interface SourcesElsewhere {
  /**
   * Looks at the sources elsewhere of an agent; a look that is under way does not count.
   *
   * @param anew Sources whose documents are fetched even if they have not changed.
   */
  sync(agentId: string, anew?: readonly string[]): Promise<IndexingResult>;
  /** How the sources elsewhere of an agent stand. */
  status(agentId: string): Promise<SourceStatus[]>;
  /** Has somebody told when a source was looked at. */
  onSynced(listener: () => void): void;
  /** Resolves when each source was looked at once, now or before, or it was closed. */
  readonly begun: Promise<void>;
  close(): Promise<void>;
}
