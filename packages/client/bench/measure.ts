import { chatCorpus, cut, longCorpus, respond } from "./corpus.ts";
import type { Opened, Subject } from "./subjects.ts";

/** A figure by its name. */
export type Figures = Record<string, number>;

/** Bytes of the pieces in which a stream arrives: a token, a packet, a full buffer. */
export const chunkSizes = [129, 2048, 66_000] as const;

/** Events of the chat that is read, from memory and from the server. */
export const chatEvents = 20_000;

const longEventBytes = 4 * 1024 * 1024;
const reads = 5;

/** Before the first figure over a socket: a subject that was not measured in memory is not compiled yet. */
const warmUps = 15;
const sequentialRequests = 300;
const concurrency = 64;
const concurrentRequests = 3_200;

/** So that nobody pays for what was done before. */
const collectGarbage = () => globalThis.gc?.();

/**
 * Microseconds of CPU, of all threads, for each of some runs after as many to warm up: unlike the time, hardly more on
 * a busy machine.
 */
const cpuOf = async (work: () => Promise<void>): Promise<number> => {
  for (let count = 0; count < reads; count++) await work();
  collectGarbage();
  const before = process.cpuUsage();
  for (let count = 0; count < reads; count++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / reads;
};

const readAll =
  ({ read }: Opened, events: number) =>
  async () => {
    const number = await read();
    if (number !== events) throw new Error(`It read ${number} of ${events} events`);
  };

/** From responses in memory: events per second of CPU for each size of chunk, and the milliseconds of a long event. */
const measureParsing = async (subject: Subject): Promise<Figures> => {
  const cpuFrom = (pieces: readonly Uint8Array[], events: number) =>
    cpuOf(
      readAll(
        subject.open("http://127.0.0.1", () => Promise.resolve(respond(pieces))),
        events,
      ),
    );

  const figures: Figures = {};
  const chat = chatCorpus(chatEvents);
  for (const size of chunkSizes) {
    const cpu = await cpuFrom(cut(chat.bytes, size), chatEvents);
    figures[`parse ${size}`] = (chatEvents / cpu) * 1e6;
  }
  const long = longCorpus(longEventBytes);
  figures["long event"] = (await cpuFrom(cut(long.bytes, 1024), long.frames.length)) / 1000;
  return figures;
};

/** Milliseconds that `work` takes. */
const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
  collectGarbage();
  const start = performance.now();
  await work();
  return performance.now() - start;
};

const measureRequests = async (request: () => Promise<unknown>): Promise<Figures> => {
  const oneByOne = async () => {
    for (let count = 0; count < sequentialRequests; count++) await request();
  };
  const manyAtOnce = async () => {
    let left = concurrentRequests;
    const worker = async () => {
      while (left-- > 0) await request();
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  };
  await oneByOne();
  const sequential = await timeOf(oneByOne);
  const concurrent = await timeOf(manyAtOnce);
  return {
    "requests 1": (sequentialRequests / sequential) * 1000,
    [`requests ${concurrency}`]: (concurrentRequests / concurrent) * 1000,
  };
};

/** Over a socket to another process: microseconds of CPU here for each event, and requests per second. */
const measureNetwork = async (subject: Subject, url: string): Promise<Figures> => {
  const opened = subject.open(url, fetch);
  const read = readAll(opened, chatEvents);
  for (let count = 0; count < warmUps; count++) await read();
  const cpu = await cpuOf(read);
  return {
    "cpu per event": cpu / chatEvents,
    ...(opened.request !== undefined && (await measureRequests(opened.request))),
  };
};

/** All figures of a subject. It should have the process for itself: others would spoil what its code is compiled to. */
export const measure = async (subject: Subject, url: string): Promise<Figures> => ({
  ...(subject.inMemory !== false && (await measureParsing(subject))),
  ...(subject.overSocket !== false && (await measureNetwork(subject, url))),
});
