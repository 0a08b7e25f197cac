import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { kinds, writeDialogues } from "../eval/memory/dialogues.ts";
import { openFormationWay } from "../eval/memory/formation.ts";
import { measure } from "../eval/memory/measure.ts";
import { missedGoals } from "../eval/memory/report.ts";
import { keyOf } from "../eval/memory/scripted.ts";

const dialogues = writeDialogues();

test("there are as many dialogues and questions as the evaluation claims, in sessions over seven months", () => {
  const questions = dialogues.flatMap((dialogue) => dialogue.questions);
  expect(dialogues).toHaveLength(50);
  expect(new Set(dialogues.map(({ zone }) => zone)).size).toBe(5);
  expect(questions).toHaveLength(1_150);
  for (const kind of kinds)
    expect(questions.filter((question) => question.kind === kind).length).toBeGreaterThanOrEqual(100);
  for (const { sessions } of dialogues) {
    expect(sessions).toHaveLength(7);
    expect(sessions.flatMap(({ turns }) => turns).length).toBeGreaterThan(50);
    expect(sessions.map(({ at }) => at)).toEqual(sessions.map(({ at }) => at).sort((a, b) => a - b));
  }
});

test("what is asked for was said by its user, and of what was never said nothing was", () => {
  const unsound = dialogues.flatMap(({ user, sessions, questions }) => {
    const facts = sessions
      .flatMap(({ turns }) => turns.flatMap((turn) => turn.facts))
      .filter(({ confidence, isFromAnswer }) => confidence >= 0.7 && isFromAnswer !== true)
      .map(({ memory }) => memory)
      .filter((memory) => !/neighbour|cousin|colleague/.test(memory));
    const isStated = (value: string) => facts.some((memory) => memory.includes(value));
    return questions
      .filter(({ expected, choices }) =>
        expected.length === 0
          ? choices.some(isStated)
          : expected.some((value) => !/^2026-/.test(value) && !isStated(value)),
      )
      .map(({ text }) => ({ user, text }));
  });
  expect(unsound).toEqual([]);
});

test("ten users are remembered as well as the goals ask, and nothing of the others", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "muxi-memory-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const way = openFormationWay(dir, keyOf(dialogues));
  const result = await measure(way, dialogues.slice(0, 10));
  await way.close();
  expect(missedGoals(result)).toEqual([]);
});
