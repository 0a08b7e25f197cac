import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "./connection.ts";
import { readCounts } from "./counts.ts";
import { Problems } from "./figures.ts";
import { type Measured, type Subject, setPace } from "./measure.ts";

const connections = 16;
/** Time that making the jobs takes at most and time in which they only wait, in milliseconds. */
const makingTime = 20_000;
const waitingTime = 5_000;
const minute = 60_000;
const patience = 120_000;

/** Many jobs: what they cost while they wait, and how late they run when all are due at the same moment. */
export const measureCron = async (subject: Subject, count: number): Promise<Measured> => {
  await setPace(subject, 10, 0);
  await subject.quiet();
  const due = Math.ceil((Date.now() + makingTime + waitingTime) / minute) * minute;
  const cron = `${new Date(due).getUTCMinutes()} ${new Date(due).getUTCHours()} * * *`;
  const problems = new Problems();
  let made = 0;
  let next = 0;
  const makingAt = performance.now();
  const make = async () => {
    const connection = new Connection(subject.port);
    while (next < count && Date.now() < due - waitingTime) {
      await connection.open();
      const status = await connection.ask(subject.job(next++, cron), 10_000);
      if (status === 201) made += 1;
      else problems.add(`status ${status}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, make));
  const makingSeconds = (performance.now() - makingAt) / 1000;

  const before = await readCounts(subject);
  await sleep(2_000);
  const stopWaiting = subject.startMeter();
  await sleep(Math.max(0, due - Date.now() - 100));
  const waiting = stopWaiting();

  const stopMeter = subject.startMeter();
  let firstAfter = Number.NaN;
  let lastAfter = 0;
  let run = 0;
  while (run < made && Date.now() < due + patience) {
    await sleep(Number.isNaN(firstAfter) ? 5 : 50);
    run = (await readCounts(subject)).jobs - before.jobs;
    lastAfter = Date.now() - due;
    if (run > 0 && Number.isNaN(firstAfter)) firstAfter = lastAfter;
  }
  const spent = stopMeter();
  // One that runs twice would show here.
  await sleep(1_000);
  const ran = (await readCounts(subject)).jobs - before.jobs;
  return {
    figures: {
      waitingCores: waiting.server,
      madePerSecond: made / makingSeconds,
      begunPerSecond: run / (lastAfter / 1000),
      firstAfter,
      lastAfter: lastAfter / 1000,
      cpuMs: spent.serverMs / run,
      notRun: Math.abs(made - ran),
    },
    spent,
    problems: problems.most,
  };
};
