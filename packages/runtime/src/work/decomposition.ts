import { type Infer, lazy } from "@muxi/protocol";
import * as z from "zod";
import type { Task } from "./task.ts";

/** Most tasks of one plan, and characters of what each says. */
export const mostTasks = 20;
const longestTitle = 200;
const longestDescription = 4_000;
/** Characters of what introduces a plan, or asks for a yes. */
const longestNote = 1_000;

const plannedTaskSchema = lazy(() =>
  z.object({
    id: z.string().regex(/^[\w.-]{1,40}$/, "is 1 to 40 letters, digits, dots, _ or -"),
    title: z.string().trim().min(1).max(longestTitle),
    description: z.string().trim().min(1).max(longestDescription),
    required_capabilities: z.array(z.string().max(longestTitle)).max(20).default([]),
    dependencies: z.array(z.string()).max(mostTasks).default([]),
    estimated_complexity: z.number().min(1).max(10).default(5),
    agent_id: z.string().nullish(),
  }),
);

const writtenSchema = lazy(() =>
  z.object({
    tasks: z.array(plannedTaskSchema()).max(mostTasks),
    introduction: z.string().max(longestNote).default(""),
    question: z.string().max(longestNote).default(""),
    wants_approval: z.boolean().default(false),
  }),
);

/** What a model makes of a request that it takes apart (docs/spec/formation-files.md "Workflows"). */
export type Decomposition = Omit<Infer<typeof writtenSchema>, "tasks"> & { tasks: Task[] };

interface Known {
  agents: ReadonlySet<string>;
  /** Ids of tasks that are done already, which others may need. */
  done: ReadonlySet<string>;
}

/** The first task of those that wait for one another; undefined when there are none. */
const circleIn = (tasks: readonly Task[], { done }: Known): string | undefined => {
  const known = new Set(done);
  let left = tasks;
  while (left.length > 0) {
    const next = left.filter(({ after }) => !after.every((id) => known.has(id)));
    if (next.length === left.length) return left[0]?.id;
    for (const { id } of left) if (!next.some((task) => task.id === id)) known.add(id);
    left = next;
  }
  return undefined;
};

/** What is wrong with tasks as a whole; undefined when nothing is. */
const problemOf = (tasks: readonly Task[], known: Known): string | undefined => {
  const ids = new Set<string>();
  for (const { id } of tasks) {
    if (ids.has(id) || known.done.has(id)) return `the id ${id} is there twice`;
    ids.add(id);
  }
  for (const { id, after, agent } of tasks) {
    const unknown = after.find((needed) => !ids.has(needed) && !known.done.has(needed));
    if (unknown !== undefined) return `task ${id} depends on ${unknown}, which is no task`;
    if (agent !== undefined && !known.agents.has(agent))
      return `task ${id} names the agent ${agent}; there are only ${[...known.agents].join(", ")}`;
  }
  const circle = circleIn(tasks, known);
  return circle === undefined ? undefined : `task ${circle} waits for itself through its dependencies`;
};

/** The plan that a model has written; a sentence on what is wrong with it when it cannot be carried out. */
export const readDecomposition = (written: unknown, known: Known): Decomposition | string => {
  const parsed = writtenSchema().safeParse(written);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return issue ? `${issue.path.join(".")}: ${issue.message}` : "it is not of the form that was asked for";
  }
  const { tasks: planned, ...rest } = parsed.data;
  const tasks = planned.map(
    (task): Task => ({
      id: task.id,
      title: task.title,
      text: task.description,
      after: [...new Set(task.dependencies)],
      ...(task.agent_id && { agent: task.agent_id }),
      capabilities: task.required_capabilities,
      tools: [],
      files: [],
      complexity: task.estimated_complexity,
      isCritical: false,
    }),
  );
  return problemOf(tasks, known) ?? { ...rest, tasks };
};

const normalised = (text: string): string =>
  text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .join(" ");

const signOf = ({ text, capabilities = [] }: Task): string =>
  JSON.stringify([normalised(text), ...capabilities.map(normalised).toSorted()]);

/** How much two plans have in common, from 0 to 1: tasks of the same description and the same capabilities. */
export const similarityOf = (one: readonly Task[], other: readonly Task[]): number => {
  const first = new Set(one.map(signOf));
  const second = new Set(other.map(signOf));
  const both = [...first].filter((sign) => second.has(sign)).length;
  const either = first.size + second.size - both;
  return either === 0 ? 1 : both / either;
};
