import type { Format } from "@muxi/documents";

/** Why a source, or a document of it, could not be had. Its message is for users, and holds no secrets. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  /** Whether another attempt may succeed. */
  readonly isTransient: boolean;
  /** Milliseconds that the other side asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    { isTransient = false, retryAfter }: { isTransient?: boolean; retryAfter?: number } = {},
  ) {
    super(message);
    this.isTransient = isTransient;
    this.retryAfter = retryAfter;
  }
}

/** Most documents that a source may list: all of them are held in memory, and put in order at once. */
const mostListed = 10_000;

/** @throws SourceError when there are more documents than a source may list. */
export const checkListed = (count: number): void => {
  if (count <= mostListed) return;
  throw new SourceError(`it lists more than ${mostListed} documents: name a part of them`);
};

/** By what the other side tells whether a document has changed. */
export interface Version {
  etag?: string | undefined;
  lastModified?: string | undefined;
  /** Bytes. */
  size: number;
}

/** What came of asking for a document. */
export type Fetched =
  | { kind: "new"; format: Format; version: Version }
  /** Nothing was written: it is as it was known. */
  | { kind: "same" }
  /** It is no longer there. */
  | { kind: "gone" }
  /** It is there, and is not read. */
  | { kind: "left out"; code: string; reason: string };

export interface DocumentElsewhere {
  /** Its address, for users: without secrets. */
  name: string;
  /**
   * Writes its content to a file, unless it has not changed.
   *
   * @param known Of the document as it is stored.
   * @throws SourceError
   */
  fetch(file: string, known: Version | undefined, signal: AbortSignal): Promise<Fetched>;
}

/** A place that documents are fetched from. */
export interface SourceElsewhere {
  /**
   * The documents that are there.
   *
   * @throws SourceError
   */
  list(signal: AbortSignal): Promise<DocumentElsewhere[]>;
  close(): void;
}
