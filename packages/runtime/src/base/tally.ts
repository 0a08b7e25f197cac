import { firstOf } from "./first-of.ts";

/** Adds up numbers by key. One is used again and again, so that counting leaves no garbage. */
export interface Tally {
  /** Forgets all keys. */
  clear(): void;
  /** @param key A whole number. Those beyond the most that there is room for are left out. */
  add(key: number, amount: number): void;
  /**
   * The keys with the greatest sums and their sums, greatest first; of equal ones the greater key first.
   *
   * @param most Most keys.
   */
  greatest(most: number): Map<number, number>;
}

/** @param room Most keys. */
export const createTally = (room: number): Tally => {
  const keys = new Float64Array(room);
  const sums = new Float64Array(room);
  const places = new Uint16Array(room).map((_, place) => place);
  let count = 0;
  /** A hash table that is at most half full: 1 + the place of each key, and 0 for none. */
  const size = 2 ** Math.ceil(Math.log2(room * 2));
  const table = new Uint16Array(size);
  const mask = size - 1;

  return {
    clear() {
      count = 0;
      table.fill(0);
    },
    add(key, amount) {
      let slot = key & mask;
      for (let place = table[slot]; place !== undefined && place > 0; place = table[slot]) {
        if (keys[place - 1] === key) {
          sums[place - 1] = (sums[place - 1] ?? 0) + amount;
          return;
        }
        slot = (slot + 1) & mask;
      }
      if (count === room) return;
      keys[count] = key;
      sums[count] = amount;
      count += 1;
      table[slot] = count;
    },
    greatest(most) {
      const order = (a: number, b: number) =>
        (sums[b] ?? 0) - (sums[a] ?? 0) || (keys[b] ?? 0) - (keys[a] ?? 0);
      const best = firstOf(places.subarray(0, count), most, order);
      return new Map(best.map((place) => [keys[place] ?? 0, sums[place] ?? 0]));
    },
  };
};
