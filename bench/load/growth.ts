import { chat } from "./chat.ts";
import { Connection } from "./connection.ts";
import { Problems, quantile, sorted } from "./figures.ts";
import { type Measured, type Subject, setPace } from "./measure.ts";

/** Turns whose median stands for the beginning and for the end. */
const window = 40;

/** One session that goes on and on: what a turn costs at its beginning and after all the others. */
export const measureGrowth = async (subject: Subject, turns: number): Promise<Measured> => {
  await setPace(subject, 10, 0);
  await subject.quiet();
  const session = `long-${process.hrtime.bigint()}`;
  const connection = new Connection(subject.port);
  const problems = new Problems();
  const totals: number[] = [];
  const stopMeter = subject.startMeter();
  for (let turn = 0; turn < turns; turn++) {
    await connection.open();
    const { problem, total } = await chat(connection, subject.request({ session }));
    if (problem === "") totals.push(total);
    else problems.add(problem);
  }
  const spent = stopMeter();
  connection.close();
  const early = quantile(sorted(totals.slice(10, 10 + window)), 0.5);
  const late = quantile(sorted(totals.slice(-window)), 0.5);
  return { figures: { early, late, growth: late / early }, spent, problems: problems.most };
};
