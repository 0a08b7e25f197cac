import { firstOf } from "../base/index.ts";
import { similarity } from "./packed.ts";

/** How many of the nearest by code to compare exactly at a time, as long as there are good ones among them. */
const comparedTogether = 64;

/** A vector of length 1 in the same direction. */
export const normalised = (vector: Float32Array): Float32Array => {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  return vector.map((value) => value / length);
};

/** What a vector belongs to, and the cosine of that vector and another one. */
export interface Similar {
  id: number;
  similarity: number;
}

export interface Nearest {
  /** Best first. */
  best: Similar[];
  /** Whether most of what was compared is gone. Others are then gone too, whose codes hide the rest. */
  areGone: boolean;
}

/**
 * Compares vectors exactly that are near by their codes.
 *
 * @param wanted A vector of length 1.
 * @param ids The nearest by code, nearest first.
 * @param read Reads their packed vectors, of those that are still there.
 * @param least The smallest cosine that counts.
 */
export const nearestOf = async (
  wanted: Float32Array,
  ids: readonly number[],
  read: (ids: readonly number[]) => Promise<readonly { id: number; vector: Uint8Array }[]>,
  { limit, least }: { limit: number; least: number },
): Promise<Nearest> => {
  let best: Similar[] = [];
  let asked = 0;
  let found = 0;
  while (asked < ids.length) {
    const vectors = await read(ids.slice(asked, asked + comparedTogether));
    asked += comparedTogether;
    found += vectors.length;
    const scored = vectors.map(({ id, vector }) => ({ id, similarity: similarity(wanted, vector) }));
    best = firstOf(
      [...best, ...scored.filter((one) => one.similarity >= least)],
      limit,
      (a, b) => b.similarity - a.similarity,
    );
    // The rest are farther away by code.
    if (!scored.some((one) => best.includes(one))) break;
  }
  return { best, areGone: found * 2 < Math.min(asked, ids.length) };
};
