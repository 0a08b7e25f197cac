import { type ListPlace, type NamedPlace, nextOf } from "@muxi/protocol";
import type { ListPage } from "../store/index.ts";

/** A part of a list, and the key of what follows (docs/spec/formation-api.md "Lists in parts"). */
interface Part<Row> {
  rows: Row[];
  next: string | null;
}

/**
 * Reads a part of a list.
 *
 * @param read Reads rows of the list. It is asked for one more, which tells whether anything follows.
 * @param placeOf Where a row stands in the list.
 */
export const readPart = async <Row, Place extends ListPlace | NamedPlace>(
  { limit, before }: ListPage<Place>,
  read: (page: ListPage<Place>) => Promise<Row[]>,
  placeOf: (row: Row) => Place,
): Promise<Part<Row>> => {
  const found = await read({ limit: limit + 1, before });
  const rows = found.slice(0, limit);
  const last = found.length > limit ? rows.at(-1) : undefined;
  return { rows, next: last === undefined ? null : nextOf(placeOf(last)) };
};
