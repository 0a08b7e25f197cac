import type { Candidate } from "./memory-rows.ts";

/** The rows of one space. */
export interface SpaceContents {
  memories: readonly Candidate[];
  /** The memories that contain each word, by number in ascending order. */
  words: readonly { word: string; seqs: number[] }[];
}

interface Cached {
  memory: Candidate;
  words: readonly string[];
}

/** Rough size in bytes of a memory without its text, and of each of its words. */
const bytesPerMemory = 500;
const bytesPerWord = 100;

const bytesOf = ({ memory: { content, subject }, words }: Cached): number =>
  bytesPerMemory + bytesPerWord * words.length + 2 * (content.length + subject.length);

const none: readonly number[] = [];

/** The memories of one space, indexed by their words. */
export class CachedSpace {
  readonly #memories = new Map<number, Cached>();
  readonly #words = new Map<string, number[]>();
  readonly #pinned = new Set<number>();
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
    for (const memory of memories) this.#add({ memory, words: wordsOf.get(memory.seq) ?? [] });
  }

  get size(): number {
    return this.#memories.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The newest memories that contain a word. */
  containing(word: string, most: number): readonly number[] {
    const seqs = this.#words.get(word) ?? none;
    return seqs.length > most ? seqs.slice(-most) : seqs;
  }

  /** The newest memories that are pinned and have not expired. */
  pinned(most: number, now: number): readonly number[] {
    if (this.#pinned.size === 0) return none;
    const isAlive = (seq: number) => (this.memory(seq)?.expiresAt ?? Infinity) > now;
    return [...this.#pinned]
      .filter(isAlive)
      .sort((a, b) => b - a)
      .slice(0, most);
  }

  memory(seq: number): Candidate | undefined {
    return this.#memories.get(seq)?.memory;
  }

  /** Adds a memory, or replaces the one with its number. */
  put(memory: Candidate, words: readonly string[]): void {
    this.#remove(memory.seq);
    this.#add({ memory, words });
    for (const word of words) {
      const seqs = this.#words.get(word);
      if (seqs) seqs.splice(seqs.findLastIndex((seq) => seq < memory.seq) + 1, 0, memory.seq);
      else this.#words.set(word, [memory.seq]);
    }
  }

  #add(cached: Cached): void {
    const { seq, pinned } = cached.memory;
    this.#memories.set(seq, cached);
    if (pinned === 1) this.#pinned.add(seq);
    this.#bytes += bytesOf(cached);
  }

  #remove(seq: number): void {
    const cached = this.#memories.get(seq);
    if (!cached) return;
    this.#memories.delete(seq);
    this.#pinned.delete(seq);
    this.#bytes -= bytesOf(cached);
    for (const word of cached.words) {
      const seqs = this.#words.get(word) ?? [];
      if (seqs.length === 1) this.#words.delete(word);
      else seqs.splice(seqs.indexOf(seq), 1);
    }
  }
}
