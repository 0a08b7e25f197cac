import { measureBackground } from "./load/background.ts";
import { measureGrowth } from "./load/growth.ts";
import {
  type Measured,
  measureLatency,
  measureStreams,
  measureThroughput,
  type Subject,
} from "./load/measure.ts";

/** A line of the table: the name of a figure, what the reader sees, and the target whose figure is taken off. */
export type Row = readonly [figure: string, label: string, over?: string];

export interface Scenario {
  name: string;
  rows: readonly Row[];
  measure(subject: Subject): Promise<Measured>;
  /** Too long to be done in every round. */
  onceOnly?: boolean;
  /** Nothing to measure on the fake model itself. */
  needsProgram?: boolean;
}

/** Measured while a target is started, so before all others. */
export const startRows: readonly Row[] = [
  ["startMs", "start to healthy, ms"],
  ["idleMb", "idle memory, MB"],
  ["firstChatMs", "first chat, ms"],
];

/** Each connection sends its next chat as soon as the last one has ended. */
export const closedLoop = (name: string, connections: number, seconds: number, stream: boolean): Scenario => {
  const what = `${connections} at once${stream ? "" : ", not streamed"}`;
  return {
    name,
    rows: [
      ["perSecond", `${what}: chats/s`],
      ["cpuMsPerChat", `${what}: server CPU ms/chat`],
      ["totalP50", `${what}: p50, ms`],
      ["totalP99", `${what}: p99, ms`],
      ["memoryMb", `${what}: memory after, MB`],
      ["failed", `${what}: failed`],
    ],
    measure: (subject) => measureThroughput(subject, { connections, seconds, stream }),
  };
};

export const scenarios: readonly Scenario[] = [
  {
    name: "latency",
    rows: [
      ["firstP50", "50 tokens: first token p50, ms"],
      ["firstP99", "50 tokens: first token p99, ms"],
      ["totalP50", "50 tokens: total p50, ms"],
      ["totalP99", "50 tokens: total p99, ms"],
    ],
    measure: (subject) => measureLatency(subject, 200),
  },
  closedLoop("c1", 1, 1.5, true),
  closedLoop("c32", 32, 2.5, true),
  closedLoop("c128", 128, 2, true),
  closedLoop("plain32", 32, 1.5, false),
  {
    name: "background",
    rows: [
      ["acceptedPerSecond", "background chats: accepted/s"],
      ["deliveredPerSecond", "background chats: done and delivered to a webhook/s"],
      ["cpuMs", "background chats: server CPU ms each, delivery included"],
      ["lost", "background chats: lost"],
    ],
    measure: (subject) => measureBackground(subject, { connections: 32, seconds: 2 }),
    onceOnly: true,
  },
  {
    name: "growth",
    rows: [
      ["early", "one session: turns 10 to 50 p50, ms"],
      ["late", "one session: turns 960 to 1,000 p50, ms"],
      ["growth", "one session: late beside early"],
    ],
    measure: (subject) => measureGrowth(subject, 1_000),
    onceOnly: true,
  },
  {
    name: "streams1000",
    rows: [
      ["opened", "1,000 streams: open at once"],
      ["complete", "1,000 streams: complete"],
      ["kbPerStream", "1,000 streams: KB per stream"],
      ["serverCores", "1,000 streams: server CPU, cores"],
      ["firstP99", "1,000 streams: first token p99, ms"],
      ["gapP50", "1,000 streams: gap between tokens p50, ms"],
      ["gapP99", "1,000 streams: gap between tokens p99, ms"],
    ],
    measure: (subject) => measureStreams(subject, { streams: 1_000, delay: 200, ramp: 8_000, hold: 4_000 }),
    onceOnly: true,
    needsProgram: true,
  },
];
