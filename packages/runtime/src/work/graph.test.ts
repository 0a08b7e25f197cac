import { expect, test } from "vitest";
import { noUsage } from "../models/index.ts";
import { performGraph, type TaskQuestion } from "./graph.ts";
import type { Task, TaskResult } from "./task.ts";

const task = (id: string, after: string[] = [], isCritical = false): Task => ({
  id,
  title: id,
  text: id,
  after,
  tools: [],
  files: [],
  complexity: 3,
  isCritical,
});

const done: TaskResult = { state: "completed", text: "done", usage: noUsage };
const failed: TaskResult = { state: "failed", kind: "client_error", reason: "no", usage: noUsage };
const asks: TaskQuestion = { state: "asking", asked: { kind: "question", prompt: "?", place: "here" } };

/** Tasks with planned outcomes: what began in which order, and what became of each. */
const run = async (
  tasks: readonly Task[],
  planned: Record<string, TaskResult | TaskQuestion> = {},
  rules: { atOnce?: number; goesOn?: boolean } = {},
) => {
  const order: string[] = [];
  let underWay = 0;
  let most = 0;
  const { results, questions } = await performGraph(
    tasks,
    {
      atOnce: 5,
      goesOn: true,
      ...rules,
      async perform({ id }, _, signal) {
        order.push(id);
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay -= 1;
        if (!planned[id]) signal.throwIfAborted();
        return planned[id] ?? done;
      },
    },
    new AbortController().signal,
  );
  return { order, most, questions, states: tasks.map(({ id }) => results.get(id)?.state) };
};

const diamond = [task("a"), task("b", ["a"]), task("c", ["a"]), task("d", ["b", "c"])];

test("each task begins once those that it needs are done", async () => {
  expect(await run(diamond)).toMatchObject({
    order: ["a", "b", "c", "d"],
    most: 2,
    states: ["completed", "completed", "completed", "completed"],
  });
});

test("no more are under way than may be", async () => {
  const many = Array.from({ length: 9 }, (_, index) => task(String(index)));
  expect((await run(many, {}, { atOnce: 3 })).most).toBe(3);
});

test("what needs a failed one is skipped, the others go on", async () => {
  const { order, states } = await run(diamond, { b: failed });
  expect(order).toEqual(["a", "b", "c"]);
  expect(states).toEqual(["completed", "failed", "completed", "skipped"]);
});

test("after a failure that must not be nothing begins, and what is under way is stopped", async () => {
  const tasks = [task("a", [], true), task("b"), task("c", ["b"])];
  expect(await run(tasks, { a: failed })).toMatchObject({
    order: ["a", "b"],
    states: ["failed", "skipped", "skipped"],
  });
  const [, , late] = (await run([task("a"), task("b"), task("c", ["b"])], { a: failed }, { goesOn: false }))
    .states;
  expect(late).toBe("skipped");
});

test("a question holds up what needs the answer, and nothing else", async () => {
  expect(await run(diamond, { b: asks })).toMatchObject({
    order: ["a", "b", "c"],
    questions: [asks],
    states: ["completed", undefined, "completed", undefined],
  });
});

test("what ends the whole waits for what is under way, and is thrown", async () => {
  let hasEnded = false;
  const work = performGraph(
    [task("a"), task("b")],
    {
      atOnce: 2,
      goesOn: true,
      async perform({ id }, _, signal) {
        if (id === "a") throw new Error("broken");
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        hasEnded = true;
        return done;
      },
    },
    new AbortController().signal,
  );
  await expect(work).rejects.toThrow("broken");
  expect(hasEnded).toBe(true);
});

test("tasks that wait for one another are an error", async () => {
  await expect(run([task("a", ["b"]), task("b", ["a"])])).rejects.toThrow("wait for one another");
});
