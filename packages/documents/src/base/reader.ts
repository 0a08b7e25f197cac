import type { Output } from "./output.ts";

/** A file to read. */
export interface Source {
  bytes: Buffer;
  /** Its name, whose ending may say more than its format. */
  name: string;
}

/**
 * Reads a file of one format.
 *
 * @throws Enough, Unreadable; whatever a library throws for a damaged file
 */
export type Reader = (source: Source, output: Output) => void | Promise<void>;
