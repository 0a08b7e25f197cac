import type { StoredCode } from "../store/index.ts";
import { type Compare, codeBits, codeWords } from "./distances.ts";

/**
 * The signs of a vector's first dimensions. Vectors that point the same way share most of them, and comparing 512 bits
 * costs a hundredth of comparing 1,536 numbers.
 */
export const codeOf = (vector: Float32Array): Uint8Array => {
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

/** The codes of one space, all in one piece of memory. */
export interface SpaceCodes {
  readonly size: number;
  readonly bytes: number;
  /** Number of the last code added. */
  readonly lastSeq: number;
  add(codes: readonly StoredCode[]): void;
  /** The memories whose codes share most bits with this one, in no order; of those that share as many, the newest. */
  nearest(code: Uint8Array, limit: number): number[];
}

export const createCodes = (compare: Compare): SpaceCodes => {
  let capacity = 16;
  let size = 0;
  let lastSeq = 0;
  let codes = new Int32Array(capacity * codeWords);
  let memorySeqs = new Float64Array(capacity);
  let distances = new Uint16Array(capacity);
  /**
   * Places by memory, counted from 1: a hash table that is half empty. A `Map` of so many would cost ten times the
   * memory, through all of which the garbage collector goes again and again.
   */
  let places = new Int32Array(capacity * 2);

  /** Where a memory's place stands in the table, or is to stand. */
  const slotOf = (memorySeq: number): number => {
    const last = places.length - 1;
    let slot = Math.imul(memorySeq, 0x9e3779b1) & last;
    for (let place = places[slot] ?? 0; place > 0; place = places[slot] ?? 0) {
      if (memorySeqs[place - 1] === memorySeq) break;
      slot = (slot + 1) & last;
    }
    return slot;
  };

  const grow = () => {
    capacity *= 2;
    const [oldCodes, oldSeqs] = [codes, memorySeqs];
    codes = new Int32Array(capacity * codeWords);
    codes.set(oldCodes);
    memorySeqs = new Float64Array(capacity);
    memorySeqs.set(oldSeqs);
    distances = new Uint16Array(capacity);
    places = new Int32Array(capacity * 2);
    for (let place = 0; place < size; place++) places[slotOf(memorySeqs[place] ?? 0)] = place + 1;
  };

  return {
    get size() {
      return size;
    },
    get bytes() {
      return codes.byteLength + memorySeqs.byteLength + distances.byteLength + places.byteLength;
    },
    get lastSeq() {
      return lastSeq;
    },
    add(added) {
      for (const { seq, memorySeq, code } of added) {
        if (size === capacity) grow();
        const slot = slotOf(memorySeq);
        if (places[slot] === 0) places[slot] = ++size;
        const place = (places[slot] ?? 0) - 1;
        memorySeqs[place] = memorySeq;
        codes.set(asWords(code), place * codeWords);
        lastSeq = seq;
      }
    },
    nearest(code, limit) {
      compare(asWords(code), codes, size, distances);
      const byDistance = new Uint32Array(codeBits + 1);
      for (let place = 0; place < size; place++) {
        const distance = distances[place] ?? 0;
        byDistance[distance] = (byDistance[distance] ?? 0) + 1;
      }
      let farthest = 0;
      let room = limit;
      while (room > (byDistance[farthest] ?? 0) && farthest < codeBits) {
        room -= byDistance[farthest] ?? 0;
        farthest += 1;
      }
      const nearest: number[] = [];
      for (let place = size - 1; place >= 0; place--) {
        const distance = distances[place] ?? 0;
        if (distance < farthest || (distance === farthest && room-- > 0))
          nearest.push(memorySeqs[place] ?? 0);
      }
      return nearest;
    },
  };
};
