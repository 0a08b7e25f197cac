import type { ListPlace, NamedPlace } from "@muxi/protocol";
import { type Statement, sql } from "./database/index.ts";

/** Which part of a list is read. */
export interface ListPage<Place = ListPlace> {
  limit: number;
  /** Only entries after this place. */
  before?: Place | undefined;
}

/** A part of a list whose entries have names in place of numbers. */
export type NamedPage = ListPage<NamedPlace>;

/**
 * Condition for what comes after a place in a list that is sorted by a time and by `seq`, both falling: entries that are
 * added or deleted meanwhile move nothing.
 */
export const afterPlace = (time: Statement, before: ListPlace | undefined): Statement =>
  before === undefined ? sql`` : sql`and (${time}, seq) < (${before.at}, ${before.seq})`;

/** The same in a list that is sorted by `created_at` and by a name, both falling. */
export const afterNamed = (name: Statement, before: NamedPlace | undefined): Statement =>
  before === undefined ? sql`` : sql`and (created_at, ${name}) < (${before.at}, ${before.name})`;

/** The same in a list that is sorted by `seq` alone. */
export const afterSeq = (before: ListPlace | undefined): Statement =>
  before === undefined ? sql`` : sql`and seq < ${before.seq}`;
