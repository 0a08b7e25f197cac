import { expect, test } from "vitest";
import { tasksOf } from "./sop-tasks.ts";

const step = (text: string, isParallel = false) => ({
  title: text,
  text,
  agent: undefined,
  model: undefined,
  tools: [],
  files: [],
  isParallel,
  isCritical: false,
});

test("a step waits for the one before it, parallel ones together for the one before them, the next for all of them", () => {
  const steps = [
    step("One"),
    step("Two", true),
    step("Three", true),
    step("Four"),
    step("Five"),
    step("Six", true),
  ];
  const tasks = tasksOf({ steps, model: undefined });
  expect(tasks.map(({ after }) => after)).toEqual([[], ["1"], ["1"], ["2", "3"], ["4"], ["5"]]);
});
