import { measureLatency, measureStreams } from "../load/measure.ts";
import { closedLoop, type Row, type Scenario } from "../scenarios.ts";

/** A latency as it is, and what a proxy adds to it. */
const latencyRows = (figure: string, label: string): Row[] => [
  [figure, `${label}, ms`],
  [figure, `${label}: added, ms`, "direct"],
];

export const proxyScenarios: readonly Scenario[] = [
  {
    name: "streams1000",
    rows: [
      ["opened", "1,000 streams: open at once"],
      ["complete", "1,000 streams: complete"],
      ["kbPerStream", "1,000 streams: KB per stream"],
      ["serverCores", "1,000 streams: server CPU, cores"],
      ["gapP99", "1,000 streams: gap between tokens p99, ms"],
    ],
    measure: (subject) => measureStreams(subject, { streams: 1_000, delay: 200, ramp: 4_000, hold: 3_000 }),
    needs: "program",
  },
  {
    name: "latency",
    rows: [
      ...latencyRows("firstP50", "50 tokens: first token p50"),
      ...latencyRows("firstP99", "50 tokens: first token p99"),
      ...latencyRows("totalP50", "50 tokens: total p50"),
    ],
    measure: (subject) => measureLatency(subject, 2_000),
  },
  closedLoop("c1", 1, 1.5, true),
  closedLoop("c32", 32, 2.5, true),
  closedLoop("plain32", 32, 2.5, false),
];
