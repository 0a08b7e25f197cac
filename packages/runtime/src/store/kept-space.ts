import type { Candidate } from "./memory-rows.ts";

/** What the database holds of a space. */
export interface SpaceContents {
  memories: readonly Candidate[];
  /** Numbers of the memories that have a word, in rising order. */
  words: readonly { word: string; seqs: number[] }[];
}

interface Kept {
  memory: Candidate;
  words: readonly string[];
}

/** Bytes that a memory takes, roughly, beside its text, and each word of it. */
const bytesPerMemory = 500;
const bytesPerWord = 100;

const bytesOf = ({ memory: { content, subject }, words }: Kept): number =>
  bytesPerMemory + bytesPerWord * words.length + 2 * (content.length + subject.length);

/** The memories of one space, found by their words. */
export class KeptSpace {
  readonly #memories = new Map<number, Kept>();
  readonly #words = new Map<string, number[]>();
  #bytes = 0;

  constructor({ memories, words }: SpaceContents) {
    const wordsOf = new Map<number, string[]>();
    for (const { word, seqs } of words) {
      this.#words.set(word, seqs);
      for (const seq of seqs) {
        const known = wordsOf.get(seq);
        if (known) known.push(word);
        else wordsOf.set(seq, [word]);
      }
    }
    for (const memory of memories) this.#keep({ memory, words: wordsOf.get(memory.seq) ?? [] });
  }

  get size(): number {
    return this.#memories.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The newest memories that have a word. */
  having(word: string, most: number): readonly number[] {
    const seqs = this.#words.get(word) ?? [];
    return seqs.length > most ? seqs.slice(-most) : seqs;
  }

  memory(seq: number): Candidate | undefined {
    return this.#memories.get(seq)?.memory;
  }

  /** Adds a memory, or puts it in the place of the one that had its number. */
  put(memory: Candidate, words: readonly string[]): void {
    this.#remove(memory.seq);
    this.#keep({ memory, words });
    for (const word of words) {
      const seqs = this.#words.get(word);
      if (seqs) seqs.splice(seqs.findLastIndex((seq) => seq < memory.seq) + 1, 0, memory.seq);
      else this.#words.set(word, [memory.seq]);
    }
  }

  #keep(kept: Kept): void {
    this.#memories.set(kept.memory.seq, kept);
    this.#bytes += bytesOf(kept);
  }

  #remove(seq: number): void {
    const kept = this.#memories.get(seq);
    if (!kept) return;
    this.#memories.delete(seq);
    this.#bytes -= bytesOf(kept);
    for (const word of kept.words) {
      const seqs = this.#words.get(word) ?? [];
      if (seqs.length === 1) this.#words.delete(word);
      else seqs.splice(seqs.indexOf(seq), 1);
    }
  }
}
