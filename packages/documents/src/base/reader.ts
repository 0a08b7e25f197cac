import type { Output } from "./output.ts";
import type { Perceive } from "./senses.ts";

/** A file to read. */
export interface Source {
  bytes: Buffer;
  /** Its name, whose ending may say more than its format. */
  name: string;
}

/** Reads a file that is inside another one; one that cannot be read is noted in the output. */
export type PartReader = (part: Source & { mediaType?: string }, output: Output) => Promise<void>;

/**
 * Reads a file of one format.
 *
 * @throws Enough, Unreadable; whatever a library throws for a damaged file
 */
export type Reader = (
  source: Source,
  output: Output,
  readPart: PartReader,
  perceive: Perceive,
) => void | Promise<void>;
