/** Labels and values of one metric; a histogram's lines carry the end of its name as well. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number, suffix?: string];

/** Samples in Prometheus's text format. */
export const exposition = (
  name: string,
  type: "counter" | "gauge" | "histogram",
  help: string,
  samples: readonly Sample[],
): string => {
  const lines = samples.map(([labels, value, suffix = ""]) => {
    // Names of formations and our own words need no escape.
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
};

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** How many values there were up to each bound. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Beside each bound, those above the one before; at the end, those above all. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds In ascending order. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  samples(labels: Readonly<Record<string, string>>): Sample[] {
    let count = 0;
    const buckets = this.#counts.map((own, at): Sample => {
      count += own;
      return [{ le: String(this.#bounds[at] ?? "+Inf"), ...labels }, count, "_bucket"];
    });
    return [...buckets, [labels, this.#sum, "_sum"], [labels, count, "_count"]];
  }
}
