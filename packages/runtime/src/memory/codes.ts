import type { StoredCode } from "../store/index.ts";

/** Bits of a code: one for the sign of each of a vector's first dimensions. */
const bits = 512;
const words = bits / 32;

/**
 * The signs of a vector's first dimensions. Vectors that point the same way share most of them, and comparing 512 bits
 * costs a hundredth of comparing 1,536 numbers.
 */
export const codeOf = (vector: Float32Array): Uint8Array => {
  const code = new Uint8Array(bits / 8);
  const length = Math.min(bits, vector.length);
  for (let index = 0; index < length; index++) {
    if ((vector[index] ?? 0) > 0) code[index >> 3] = (code[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return code;
};

const asWords = (code: Uint8Array): Int32Array => {
  const padded = new Uint8Array(bits / 8);
  padded.set(code.subarray(0, padded.length));
  return new Int32Array(padded.buffer);
};

/** How many bits are set: in pairs, then in fours, then in bytes, whose sum the product has in its highest byte. */
const setBits = (word: number): number => {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** The codes of one space, all in one piece of memory. */
export interface SpaceCodes {
  readonly size: number;
  readonly bytes: number;
  /** Number of the last code added. */
  readonly lastSeq: number;
  add(codes: readonly StoredCode[]): void;
  /** The memories whose codes share most bits with this one, in no order. */
  nearest(code: Uint8Array, limit: number): number[];
}

export const createCodes = (): SpaceCodes => {
  let codes = new Int32Array(16 * words);
  let memorySeqs = new Float64Array(16);
  let distances = new Uint16Array(16);
  const places = new Map<number, number>();
  let lastSeq = 0;

  const grow = () => {
    const capacity = memorySeqs.length * 2;
    const moreCodes = new Int32Array(capacity * words);
    moreCodes.set(codes);
    const moreSeqs = new Float64Array(capacity);
    moreSeqs.set(memorySeqs);
    codes = moreCodes;
    memorySeqs = moreSeqs;
    distances = new Uint16Array(capacity);
  };

  return {
    get size() {
      return places.size;
    },
    get bytes() {
      // A place in the map costs about as much as a code.
      return codes.byteLength * 2;
    },
    get lastSeq() {
      return lastSeq;
    },
    add(added) {
      for (const { seq, memorySeq, code } of added) {
        const place = places.get(memorySeq) ?? places.size;
        if (place === memorySeqs.length) grow();
        places.set(memorySeq, place);
        memorySeqs[place] = memorySeq;
        codes.set(asWords(code), place * words);
        lastSeq = seq;
      }
    },
    nearest(code, limit) {
      const wanted = asWords(code);
      const count = places.size;
      const byDistance = new Uint32Array(bits + 1);
      for (let place = 0, at = 0; place < count; place++) {
        let distance = 0;
        for (let word = 0; word < words; word++, at++) {
          distance += setBits((codes[at] ?? 0) ^ (wanted[word] ?? 0));
        }
        distances[place] = distance;
        byDistance[distance] = (byDistance[distance] ?? 0) + 1;
      }
      let farthest = 0;
      for (let found = byDistance[0] ?? 0; found < limit && farthest < bits; ) {
        farthest += 1;
        found += byDistance[farthest] ?? 0;
      }
      const nearest: number[] = [];
      for (let place = 0; place < count; place++) {
        if ((distances[place] ?? 0) <= farthest) nearest.push(memorySeqs[place] ?? 0);
      }
      return nearest.slice(0, limit * 2);
    },
  };
};
