import { setTimeout as sleep } from "node:timers/promises";
import type { Spent } from "../machine/meter.ts";
import { type Answer, type ChatOptions, chat } from "./chat.ts";
import { Connection, type HttpRequest, once } from "./connection.ts";
import { type Figures, Problems, quantile, sorted } from "./figures.ts";

/** How one chat is asked for. */
export interface Ask {
  /** Default: streamed. */
  stream?: boolean;
  /** The session to go on with. Default: a new one. */
  session?: string;
  /** Where the answer is to be sent, with the chat itself in the background. */
  webhookUrl?: string;
}

/** What a measurement works with. */
export interface Subject {
  port: number;
  /** Where the pace of the answers is set. */
  pace: { port: number; path: string };
  request(ask?: Ask): HttpRequest;
  /** Makes a job by this cron expression. */
  job(number: number, cron: string): HttpRequest;
  /** A file or a server that holds a database like the one of the target. */
  database: string;
  /** Runs a loose script from source on the core of the target, as a formation is run; gives what it writes. */
  runBeside(args: readonly string[]): Promise<string>;
  quiet(): Promise<void>;
  startMeter(): () => Spent;
  memoryMb(): number;
}

export interface Measured {
  figures: Figures;
  spent: Spent;
  /** What went wrong, and how often. */
  problems: Record<string, number>;
}

export const setPace = async (subject: Subject, tokens: number, delay: number): Promise<void> => {
  const { port, path } = subject.pace;
  await once(port, { method: "POST", path: `${path}?tokens=${tokens}&delay=${delay}` });
};

const warmUpConnections = 16;
const warmUpMs = 10_000;

/**
 * Lets the compiler settle, on both sides, before anything is measured: V8 goes on compiling for so long, and a target
 * that is measured in fewer scenarios would show slower in the first of them.
 *
 * @throws Error with the first problem when no chat succeeds: there is nothing to measure then.
 */
export const warmUp = async (subject: Subject): Promise<void> => {
  await setPace(subject, 10, 0);
  const until = performance.now() + warmUpMs;
  const problems: string[] = [];
  let answered = 0;
  const work = async () => {
    const connection = new Connection(subject.port);
    while (performance.now() < until) {
      await connection.open();
      const { problem } = await chat(connection, subject.request());
      if (problem === "") answered += 1;
      else problems.push(problem);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: warmUpConnections }, work));
  if (answered === 0) throw new Error(`no chat was answered: ${problems[0]}`);
};

/** One chat on a connection of its own. */
export const firstChat = async (subject: Subject): Promise<Answer> => {
  await setPace(subject, 10, 0);
  const connection = new Connection(subject.port);
  await connection.open();
  const answer = await chat(connection, subject.request());
  connection.close();
  return answer;
};

/** Chats of 50 tokens one after the other on one connection: what one user waits. */
export const measureLatency = async (subject: Subject, chats: number): Promise<Measured> => {
  await setPace(subject, 50, 0);
  await subject.quiet();
  const connection = new Connection(subject.port);
  const problems = new Problems();
  const firsts: number[] = [];
  const totals: number[] = [];
  const stopMeter = subject.startMeter();
  for (let number = 0; number < chats; number++) {
    await connection.open();
    const { problem, first, total } = await chat(connection, subject.request());
    if (problem !== "") {
      problems.add(problem);
      continue;
    }
    firsts.push(first);
    totals.push(total);
  }
  const spent = stopMeter();
  connection.close();
  const first = sorted(firsts);
  const total = sorted(totals);
  return {
    figures: {
      firstP50: quantile(first, 0.5),
      firstP99: quantile(first, 0.99),
      totalP50: quantile(total, 0.5),
      totalP99: quantile(total, 0.99),
    },
    spent,
    problems: problems.most,
  };
};

export interface ThroughputOptions {
  connections: number;
  seconds: number;
  stream: boolean;
}

/** Each connection sends its next chat as soon as the last one has ended. */
export const closedLoop = async (
  subject: Subject,
  { connections, seconds, stream }: ThroughputOptions,
): Promise<{ figures: Figures; chats: number; problems: Measured["problems"] }> => {
  const problems = new Problems();
  const totals: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  const work = async () => {
    const connection = new Connection(subject.port);
    while (performance.now() < until) {
      await connection.open();
      const { problem, total } = await chat(connection, subject.request({ stream }));
      if (problem === "") totals.push(total);
      else problems.add(problem);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, work));
  const wall = (performance.now() - startedAt) / 1000;
  const total = sorted(totals);
  return {
    figures: {
      perSecond: totals.length / wall,
      totalP50: quantile(total, 0.5),
      totalP99: quantile(total, 0.99),
      failed: problems.total,
    },
    chats: totals.length,
    problems: problems.most,
  };
};

/** The closed loop with ten tokens a chat. */
export const measureThroughput = async (subject: Subject, options: ThroughputOptions): Promise<Measured> => {
  await setPace(subject, 10, 0);
  await subject.quiet();
  const stopMeter = subject.startMeter();
  const { figures, chats, problems } = await closedLoop(subject, options);
  const spent = stopMeter();
  return {
    figures: { ...figures, cpuMsPerChat: spent.serverMs / chats, memoryMb: subject.memoryMb() },
    spent,
    problems,
  };
};

export interface StreamsOptions {
  streams: number;
  /** Time between two tokens of a stream, in milliseconds. */
  delay: number;
  /** Time over which they are opened, and for which all are held open, in milliseconds. */
  ramp: number;
  hold: number;
}

/** How long the last streams may take to open beyond the ramp, in milliseconds. */
const openingTime = 20_000;

/** Streams that are all open at once: what each costs in memory, and how even its tokens come. */
export const measureStreams = async (
  subject: Subject,
  { streams, delay, ramp, hold }: StreamsOptions,
): Promise<Measured> => {
  const tokens = Math.ceil((ramp + hold + 3_000) / delay);
  await setPace(subject, tokens, delay);
  await sleep(1_500);
  await subject.quiet();

  const memoryBefore = subject.memoryMb();
  const problems = new Problems();
  const firsts: number[] = [];
  const gaps: number[] = [];
  let holding = false;
  let complete = 0;

  const run = async () => {
    let previous = 0;
    const onToken: ChatOptions["onToken"] = (token, at) => {
      if (token === 0) firsts.push(at);
      else if (holding) gaps.push(at - previous);
      previous = at;
    };
    const connection = new Connection(subject.port);
    await connection.open();
    const { problem, lastToken } = await chat(connection, subject.request(), {
      timeoutMs: tokens * delay + 60_000,
      onToken,
    });
    connection.close();
    if (problem !== "") problems.add(problem);
    else if (lastToken !== tokens - 1) problems.add(`ended at token ${lastToken}`);
    else complete += 1;
  };

  const startedAt = performance.now();
  const runs: Promise<void>[] = [];
  for (let number = 0; number < streams; number++) {
    const early = startedAt + (ramp * number) / streams - performance.now();
    if (early > 1) await sleep(early);
    runs.push(run().catch((error: unknown) => problems.add(String(error))));
  }
  while (firsts.length < streams && performance.now() - startedAt < ramp + openingTime) await sleep(50);

  const opened = firsts.length;
  holding = true;
  const stopMeter = subject.startMeter();
  const memory: number[] = [];
  for (const until = performance.now() + hold; performance.now() < until; ) {
    await sleep(500);
    memory.push(subject.memoryMb());
  }
  holding = false;
  const spent = stopMeter();
  await Promise.all(runs);

  const first = sorted(firsts);
  const gap = sorted(gaps);
  const meanMemory = memory.reduce((sum, value) => sum + value, 0) / memory.length;
  return {
    figures: {
      opened,
      complete,
      kbPerStream: ((meanMemory - memoryBefore) * 1024) / streams,
      serverCores: spent.server,
      firstP99: quantile(first, 0.99),
      gapP50: quantile(gap, 0.5),
      gapP99: quantile(gap, 0.99),
    },
    spent,
    problems: problems.most,
  };
};
