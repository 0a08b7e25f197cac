import type { Usage } from "@muxi/protocol";

/** What a provider has counted. */
interface TokenCounts {
  /** All that the model read, what came from a cache or went into one included. */
  input: number;
  output: number;
  /** Of `input`. Default: none. */
  cached?: number;
  /** Of `input`. Default: none. */
  cacheWrite?: number;
  /** Default: the sum of `input` and `output`. */
  total?: number;
}

/** Counts as answers tell them. */
export const usageOf = ({ input, output, cached = 0, cacheWrite = 0, total = 0 }: TokenCounts): Usage => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: total || input + output,
  ...(cached > 0 && { cached_tokens: cached }),
  ...(cacheWrite > 0 && { cache_write_tokens: cacheWrite }),
});

export const noUsage = usageOf({ input: 0, output: 0 });

export const sumOfUsage = (one: Usage, other: Usage): Usage =>
  usageOf({
    input: one.input_tokens + other.input_tokens,
    output: one.output_tokens + other.output_tokens,
    total: one.total_tokens + other.total_tokens,
    cached: (one.cached_tokens ?? 0) + (other.cached_tokens ?? 0),
    cacheWrite: (one.cache_write_tokens ?? 0) + (other.cache_write_tokens ?? 0),
  });
