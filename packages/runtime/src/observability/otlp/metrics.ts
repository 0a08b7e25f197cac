import type { ObservedEvent } from "../events.ts";
import { operationOf } from "./spans.ts";
import { type Attributes, nanoseconds, wireAttributes } from "./wire.ts";

interface Series {
  attributes: Attributes;
  counts: number[];
  sum: number;
}

/** Bucket boundaries that the GenAI semantic conventions recommend. */
const tokenBorders = [
  1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
];
const secondBorders = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/** The series of one instrument. They are few, since the names of models and tools come from the formation. */
const mostSeries = 1_000;

const createHistogram = (name: string, unit: string, borders: readonly number[]) => {
  const series = new Map<string, Series>();
  return {
    record(value: number, attributes: Attributes) {
      const key = JSON.stringify(attributes);
      let one = series.get(key);
      if (!one) {
        if (series.size >= mostSeries) return;
        one = { attributes, counts: new Array<number>(borders.length + 1).fill(0), sum: 0 };
        series.set(key, one);
      }
      const index = borders.findIndex((border) => value <= border);
      const bucket = index === -1 ? borders.length : index;
      one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
      one.sum += value;
    },
    wire: (startedAt: number, at: number) => ({
      name,
      unit,
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [...series.values()].map(({ attributes, counts, sum }) => ({
          attributes: wireAttributes(attributes),
          startTimeUnixNano: nanoseconds(startedAt),
          timeUnixNano: nanoseconds(at),
          count: String(counts.reduce((total, count) => total + count, 0)),
          sum,
          bucketCounts: counts.map(String),
          explicitBounds: borders,
        })),
      },
    }),
  };
};

/**
 * Token usage and durations since the start, following the GenAI semantic conventions.
 *
 * @param agents The names of the formation's agents, by id.
 */
export const createMetrics = (startedAt: number, agents: ReadonlyMap<string, string>) => {
  const tokens = createHistogram("gen_ai.client.token.usage", "{token}", tokenBorders);
  const durations = createHistogram("gen_ai.client.operation.duration", "s", secondBorders);
  return {
    record(event: ObservedEvent) {
      const operation = operationOf(event, agents);
      if (!operation) return;
      const { subject, common } = operation;
      const { duration_ms, input_tokens, output_tokens, cached_tokens, cache_write_tokens } =
        event.data ?? {};
      if (typeof duration_ms === "number") durations.record(duration_ms / 1000, common);
      if (subject !== "model") return;
      const counts = {
        input: input_tokens,
        output: output_tokens,
        cache_read: cached_tokens,
        cache_creation: cache_write_tokens,
      };
      for (const [type, count] of Object.entries(counts)) {
        if (typeof count === "number") tokens.record(count, { ...common, "gen_ai.token.type": type });
      }
    },
    wire: (at: number) => [tokens, durations].map((histogram) => histogram.wire(startedAt, at)),
  };
};
