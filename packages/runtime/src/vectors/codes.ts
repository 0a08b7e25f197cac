import { type Compare, codeBits, codeWords } from "./distances.ts";

/**
 * The binary code of a vector: the signs of its first dimensions. Vectors that point in the same direction share most
 * of them, and comparing 512 bits costs a hundredth of comparing 1,536 numbers.
 */
export const binaryCodeOf = (vector: Float32Array): Uint8Array => {
  const code = new Uint8Array(codeBits / 8);
  const length = Math.min(codeBits, vector.length);
  for (let index = 0; index < length; index++) {
    if ((vector[index] ?? 0) > 0) code[index >> 3] = (code[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return code;
};

const asWords = (code: Uint8Array): Int32Array => {
  const padded = new Uint8Array(codeBits / 8);
  padded.set(code.subarray(0, padded.length));
  return new Int32Array(padded.buffer);
};

/** Codes that are weighed for each one that is wanted. */
const weighedForOne = 2;

/**
 * The dot product of a vector and the signs in a code. It says more than the number of equal signs, since the vector's
 * large numbers count for more than its small ones, but would take too long for all codes.
 */
const weightOf = (vector: Float32Array, codes: Int32Array, place: number): number => {
  let weight = 0;
  const length = Math.min(codeBits, vector.length);
  for (let index = 0; index < length; index++) {
    const isPositive = (((codes[place * codeWords + (index >> 5)] ?? 0) >> (index & 31)) & 1) === 1;
    const value = vector[index] ?? 0;
    weight += isPositive ? value : -value;
  }
  return weight;
};

/** The code of the vector of something, numbered by insertion: a later one of the same thing replaces the earlier one. */
export interface CodedVector {
  seq: number;
  id: number;
  code: Uint8Array;
}

/** Codes in contiguous memory. */
export interface Codes {
  readonly size: number;
  readonly bytes: number;
  /** Sequence number of the last code added. */
  readonly lastSeq: number;
  add(codes: readonly CodedVector[]): void;
  /** What is most similar to a vector as far as the codes show, best first. */
  nearest(vector: Float32Array, limit: number): number[];
}

export const createCodes = (compare: Compare): Codes => {
  let capacity = 16;
  let size = 0;
  let lastSeq = 0;
  let codes = new Int32Array(capacity * codeWords);
  let ids = new Float64Array(capacity);
  let distances = new Uint16Array(capacity);
  /**
   * Places by id, from 1, in a hash table that is at most half full. A `Map` would take ten times the memory, all
   * of which the garbage collector would have to traverse.
   */
  let places = new Int32Array(capacity * 2);

  /** The slot of an id in the table, or the free one where it belongs. */
  const slotOf = (id: number): number => {
    const last = places.length - 1;
    // The upper bits of the product: the lower ones of ids in even steps are few.
    let slot = Math.imul(id, 0x9e3779b1) >>> (Math.clz32(places.length) + 1);
    for (let place = places[slot] ?? 0; place > 0; place = places[slot] ?? 0) {
      if (ids[place - 1] === id) break;
      slot = (slot + 1) & last;
    }
    return slot;
  };

  const grow = () => {
    capacity *= 2;
    const [oldCodes, oldSeqs] = [codes, ids];
    codes = new Int32Array(capacity * codeWords);
    codes.set(oldCodes);
    ids = new Float64Array(capacity);
    ids.set(oldSeqs);
    distances = new Uint16Array(capacity);
    places = new Int32Array(capacity * 2);
    for (let place = 0; place < size; place++) places[slotOf(ids[place] ?? 0)] = place + 1;
  };

  return {
    get size() {
      return size;
    },
    get bytes() {
      return codes.byteLength + ids.byteLength + distances.byteLength + places.byteLength;
    },
    get lastSeq() {
      return lastSeq;
    },
    add(added) {
      for (const { seq, id, code } of added) {
        if (size === capacity) grow();
        const slot = slotOf(id);
        if (places[slot] === 0) places[slot] = ++size;
        const place = (places[slot] ?? 0) - 1;
        ids[place] = id;
        codes.set(asWords(code), place * codeWords);
        lastSeq = seq;
      }
    },
    nearest(vector, limit) {
      compare(asWords(binaryCodeOf(vector)), codes, size, distances);
      const byDistance = new Uint32Array(codeBits + 1);
      for (let place = 0; place < size; place++) {
        const distance = distances[place] ?? 0;
        byDistance[distance] = (byDistance[distance] ?? 0) + 1;
      }
      let farthest = 0;
      let room = limit * weighedForOne;
      while (room > (byDistance[farthest] ?? 0) && farthest < codeBits) {
        room -= byDistance[farthest] ?? 0;
        farthest += 1;
      }
      // Of those at the farthest distance, only the newest.
      const weighed: { seq: number; weight: number }[] = [];
      for (let place = size - 1; place >= 0; place--) {
        const distance = distances[place] ?? 0;
        if (distance < farthest || (distance === farthest && room-- > 0))
          weighed.push({ seq: ids[place] ?? 0, weight: weightOf(vector, codes, place) });
      }
      return weighed
        .sort((a, b) => b.weight - a.weight)
        .slice(0, limit)
        .map(({ seq }) => seq);
    },
  };
};
