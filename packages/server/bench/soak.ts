// Whether a server that is at work for long loses anything: npm run soak [-- --minutes 10]
//
// Two formations answer chats all the time. One is left in peace; the other is updated, rolled back, restarted and
// killed, and a third comes and goes. What server and formations hold at the end must be about what they held after
// the first third of the time, when the heap of a process at load has found its size.

import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startTraffic, type Traffic } from "../test/traffic.ts";
import { clientKey } from "./built-server.ts";
import { type Figures, type Ground, startGround } from "./soak-ground.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes is '${values.minutes}': give a number above 0`);

const [steady, changing, passing] = ["steady", "changing", "passing"];
const pauseBetweenStepsMs = 3000;
const settleMs = 5000;
const warmUpShare = 1 / 3;

/** How much more there may be at the end: what the garbage collector has not taken yet, connections kept alive. */
const tolerance: Record<keyof Figures, (begin: number) => number> = {
  serverMemoryMb: (begin) => begin * 1.25 + 20,
  formationMemoryMb: (begin) => begin * 1.25 + 20,
  serverFiles: (begin) => begin + 10,
  formationFiles: (begin) => begin + 10,
  ports: (begin) => begin,
  processes: (begin) => begin,
  entries: (begin) => begin,
};

const tell = (text: string): void => {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
};

const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (const limit = performance.now() + 60_000; !(await isSo()); await delay(50)) {
    if (performance.now() > limit) throw new Error(`never happened: ${what}`);
  }
};

const traffic = ({ url }: Ground, id: string): Traffic =>
  startTraffic({ url: `${url}/api/${id}`, clientKey, streams: 4, jsons: 2, pauseMs: 100 });

/** Ends with what it began: both formations run, the third is gone. */
const turn = async (ground: Ground, number: number, faults: string[], load: () => Traffic): Promise<void> => {
  /** An operation that no client may notice. */
  const unnoticed = async (what: string, work: () => Promise<void>): Promise<void> => {
    const before = load().failures.length;
    await work();
    const failed = load().failures.slice(before);
    if (failed.length > 0) faults.push(`turn ${number}, ${what}: ${failed.join("; ")}`);
    await delay(pauseBetweenStepsMs);
  };
  await unnoticed("deploy", () => ground.deploy(passing, `1.0.${number}`));
  await unnoticed("update", () => ground.update(changing, `1.0.${number}`));
  const { pid } = await ground.get(changing);
  process.kill(pid, "SIGKILL");
  await until("the restart after a crash", async () => {
    const now = await ground.get(changing);
    return now.status === "running" && now.pid !== pid;
  });
  await delay(pauseBetweenStepsMs);
  await unnoticed("rollback", () => ground.act(changing, "rollback"));
  await ground.act(changing, "restart");
  await delay(pauseBetweenStepsMs);
  await unnoticed("delete", () => ground.act(passing, "delete"));
};

const soak = async (ground: Ground): Promise<boolean> => {
  const faults: string[] = [];
  for (const id of [steady, changing]) await ground.deploy(id, "1.0.0");
  let loads = [traffic(ground, steady), traffic(ground, changing)];
  let answered = 0;
  const changingLoad = (): Traffic => {
    const [, load] = loads;
    if (!load) throw new Error("no load");
    return load;
  };
  /** The figures at rest. */
  const rest = async (): Promise<Figures> => {
    await Promise.all(loads.map((load) => load.stop()));
    faults.push(...(loads[0]?.failures ?? []).map((failure) => `${steady}: ${failure}`));
    answered += loads.reduce((sum, load) => sum + load.answered, 0);
    await delay(settleMs);
    const figures = await ground.measure(steady);
    tell(JSON.stringify({ answered, ...figures }));
    return figures;
  };

  const start = performance.now();
  const end = start + minutes * 60_000;
  let turns = 0;
  let begin: Figures | undefined;
  while (!begin || performance.now() < end) {
    turns += 1;
    await turn(ground, turns, faults, changingLoad);
    if (turns % 5 === 0) tell(`turn ${turns}: ${JSON.stringify(await ground.measure(steady))}`);
    if (begin || performance.now() < start + (end - start) * warmUpShare) continue;
    begin = await rest();
    loads = [traffic(ground, steady), traffic(ground, changing)];
  }
  const last = await rest();
  let held = true;
  process.stdout.write(`\n${turns} turns, ${answered} chats\n`);
  for (const [name, allowed] of Object.entries(tolerance)) {
    const [from, to] = [begin, last].map(
      (figures) => Object.entries(figures).find(([key]) => key === name)?.[1] ?? 0,
    );
    const isFine = (to ?? 0) <= allowed(from ?? 0);
    held &&= isFine;
    process.stdout.write(`${isFine ? "  " : "! "}${name}: ${from} -> ${to}\n`);
  }
  for (const fault of faults) process.stdout.write(`! ${fault}\n`);
  return held && faults.length === 0;
};

const ground = await startGround();
try {
  if (!(await soak(ground))) process.exitCode = 1;
} finally {
  await ground.stop();
}
