import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Figures } from "./load/figures.ts";
import { firstChat, type Measured, warmUp } from "./load/measure.ts";
import type { Scenario } from "./scenarios.ts";
import { openStage, type StageOptions, type Started } from "./stage.ts";
import type { Target } from "./targets.ts";

/** One measurement. */
export interface Line extends Measured {
  round: number;
  target: string;
  scenario: string;
}

export interface SuiteOptions extends StageOptions {
  targets: readonly Target[];
  scenarios: readonly Scenario[];
  /** Whether start time, idle memory and the first chat are wanted. */
  withStart: boolean;
  rounds: number;
  /** Every line is appended to it as JSON. */
  linesFile: string;
  tell: (text: string) => void;
}

const settleMs = 2_000;

const measureStart = async ({ subject, startMs, spent }: Started): Promise<Measured> => {
  await sleep(settleMs);
  const idleMb = subject.memoryMb();
  const { total, problem } = await firstChat(subject);
  const figures: Figures = { startMs, idleMb, firstChatMs: total };
  return { figures, spent, problems: problem === "" ? {} : { [problem]: 1 } };
};

/** Runs every scenario on every target, in rounds, so that a busy minute does not meet one target alone. */
export const runSuite = async (options: SuiteOptions): Promise<Line[]> => {
  const { targets, scenarios, withStart, rounds, linesFile, tell } = options;
  const lines: Line[] = [];

  const measureTarget = async (target: Target, started: Started, round: number) => {
    const measure = async (scenario: string, work: () => Promise<Measured>) => {
      tell(`round ${round} of ${rounds}: ${target.name}, ${scenario}`);
      const line: Line = { round, target: target.name, scenario, ...(await work()) };
      lines.push(line);
      appendFileSync(linesFile, `${JSON.stringify(line)}\n`);
    };

    const suited = scenarios.filter(
      ({ name, onceOnly, needs }) =>
        !target.skip?.includes(name) &&
        !(onceOnly && round > 1) &&
        !(needs === "program" && !target.program) &&
        !(needs === "formation" && !target.job),
    );
    if (withStart && target.program) await measure("start", () => measureStart(started));
    if (suited.length > 0) await warmUp(started.subject);
    for (const scenario of suited) await measure(scenario.name, () => scenario.measure(started.subject));
  };

  const stage = await openStage(options);
  for (const target of targets.filter(({ warm }) => warm)) {
    await (await stage.start(target, `${target.name}-0`)).stop();
  }
  for (let round = 1; round <= rounds; round++) {
    for (const target of targets.filter(({ once }) => !once || round === 1)) {
      const started = await stage.start(target, `${target.name}-${round}`);
      await measureTarget(target, started, round);
      await started.stop();
    }
  }
  await stage.close();
  return lines;
};
