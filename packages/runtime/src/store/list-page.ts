import type { ListPlace } from "@muxi/protocol";
import { type Statement, sql } from "./database/index.ts";

/** Which part of a list is read. */
export interface ListPage {
  limit: number;
  /** Only entries after this place. */
  before?: ListPlace | undefined;
}

/**
 * Condition for what comes after a place in a list that is sorted by a time and by `seq`, both falling: entries that are
 * added or deleted meanwhile move nothing.
 */
export const afterPlace = (time: Statement, before: ListPlace | undefined): Statement =>
  before === undefined ? sql`` : sql`and (${time}, seq) < (${before.at}, ${before.seq})`;

/** The same in a list that is sorted by `seq` alone. */
export const afterSeq = (before: ListPlace | undefined): Statement =>
  before === undefined ? sql`` : sql`and seq < ${before.seq}`;
