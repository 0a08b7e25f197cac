/** Named numbers of one measurement. */
export type Figures = Record<string, number>;

/** The value below which this part of the sorted values lies; NaN of none. */
export const quantile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;

export const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

/** Counts what went wrong, by its message. */
export class Problems {
  readonly #counts = new Map<string, number>();
  #total = 0;

  add(problem: string): void {
    this.#total += 1;
    this.#counts.set(problem, (this.#counts.get(problem) ?? 0) + 1);
  }

  get total(): number {
    return this.#total;
  }

  /** The most frequent ones. */
  get most(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a).slice(0, 4));
  }
}
