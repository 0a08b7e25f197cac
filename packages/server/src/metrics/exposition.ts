/** Labels and value of a sample. Samples of a histogram also have a suffix for the metric's name. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number, suffix?: string];

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

const escaped = (text: string): string =>
  text.replaceAll(/[\\"\n]/g, (character) => escapes[character] ?? "");

/** Samples in Prometheus's text format. */
export const exposition = (
  name: string,
  type: "counter" | "gauge" | "histogram",
  help: string,
  samples: readonly Sample[],
): string => {
  const lines = samples.map(([labels, value, suffix = ""]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
};

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Counts values by upper bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** For each bound, the number of values between the previous bound and this one; then those above all bounds. */
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
