import { measureBackground } from "./load/background.ts";
import { measureCron } from "./load/cron.ts";
import { measureGrowth } from "./load/growth.ts";
import { measureLearning } from "./load/learning.ts";
import {
  type Measured,
  measureLatency,
  measureStreams,
  measureThroughput,
  type Subject,
} from "./load/measure.ts";
import { measureRecall } from "./load/recall.ts";
import { measureSoak, soakRows } from "./load/soak.ts";

/** A line of the table: the name of a figure, what the reader sees, and the target whose figure is taken off. */
export type Row = readonly [figure: string, label: string, over?: string];

export interface Scenario {
  name: string;
  rows: readonly Row[];
  measure(subject: Subject): Promise<Measured>;
  /** Too long to be done in every round. */
  onceOnly?: boolean;
  /** Not to be measured on the fake model itself, or on nothing but formations. */
  needs?: "program" | "formation";
  /** Only measured when it is named: too long for a run of everything. */
  onDemand?: boolean;
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

/** The closed loop until all that the chats told is learned: what they cost with the work that nobody waits for. */
const learning = (name: string, connections: number, seconds: number): Scenario => {
  const what = `${connections} at once, all learned`;
  return {
    name,
    rows: [
      ["perSecond", `${what}: chats/s`],
      ["cpuMsPerChat", `${what}: server CPU ms/chat`],
      ["totalP50", `${what}: p50, ms`],
      ["totalP99", `${what}: p99, ms`],
      ["learnedAfter", `${what}: s from the last answer to the last fact`],
      ["notLearned", `${what}: chats that nothing was learned from`],
    ],
    measure: (subject) => measureLearning(subject, { connections, seconds }),
    onceOnly: true,
    needs: "formation",
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
  learning("learn32", 32, 2),
  learning("learn128", 128, 2),
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
    needs: "formation",
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
    needs: "program",
  },
  {
    name: "cron",
    rows: [
      ["waitingCores", "10,000 jobs wait: server CPU, cores"],
      ["madePerSecond", "10,000 jobs: made/s"],
      ["begunPerSecond", "10,000 jobs due in one minute: run/s"],
      ["firstAfter", "10,000 jobs due in one minute: first after, ms"],
      ["lastAfter", "10,000 jobs due in one minute: last after, s"],
      ["cpuMs", "10,000 jobs due in one minute: server CPU ms each"],
      ["notRun", "10,000 jobs due in one minute: not run once"],
    ],
    measure: (subject) => measureCron(subject, 10_000),
    onceOnly: true,
    needs: "formation",
  },
  {
    name: "recall",
    rows: [
      ["wordsP50", "recall by words, 100,000 memories: p50, ms"],
      ["wordsP99", "recall by words, 100,000 memories: p99, ms"],
      ["bothP50", "recall by words and vectors, 100,000 memories: p50, ms"],
      ["bothP99", "recall by words and vectors, 100,000 memories: p99, ms"],
      ["coldMs", "recall by vectors, 100,000 memories: the first, ms"],
      ["otherP99", "recall by words, 1,000 memories of 1,000,000: p99, ms"],
    ],
    measure: measureRecall,
    onceOnly: true,
    needs: "formation",
  },
  {
    name: "soak",
    rows: soakRows,
    measure: measureSoak,
    onceOnly: true,
    needs: "program",
    onDemand: true,
  },
];
