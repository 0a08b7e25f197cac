import type { FormationClient } from "muxi-client";

/** The content of a view: data, and the same for people to read. */
export interface ViewContent {
  data: unknown;
  /** Rows under a heading. Without them, the data is printed as YAML. */
  table?: { heading: readonly string[]; rows: readonly (readonly string[])[]; empty: string };
  /** What to know about the rows. */
  warnings?: readonly string[];
  /** Titles and values to print instead, before the lines. Empty ones are left out. */
  fields?: Readonly<Record<string, string>>;
  /** Lines to print instead. */
  lines?: readonly string[];
}

/**
 * Reads a part of a running formation: a list, or the item of that name.
 *
 * @param limit Most entries of a list. Default: that of the API.
 */
export type View = (
  formation: FormationClient,
  item: string | undefined,
  limit: number | undefined,
) => Promise<ViewContent>;

const widest = 70;

/** Shortens a text to one line of a terminal. */
export const short = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > widest ? `${line.slice(0, widest - 1)}…` : line;
};

export const listing = <Item>(
  data: unknown,
  items: readonly Item[],
  heading: readonly string[],
  row: (item: Item) => readonly string[],
  empty: string,
): ViewContent => ({ data, table: { heading, rows: items.map(row), empty } });
