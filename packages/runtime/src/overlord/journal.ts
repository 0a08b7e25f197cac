import { lazy } from "@muxi/protocol";
import * as z from "zod";
import type { Journal } from "../tools/index.ts";

const givenAnswerSchema = lazy(() =>
  z.object({
    action: z.enum(["answer", "approve", "deny"]),
    value: z.unknown().optional(),
    results: z.array(z.object({ id: z.string(), content: z.string(), isError: z.boolean() })).optional(),
    editedArgs: z.record(z.string(), z.unknown()).optional(),
  }),
);

/** Key of the step that names the agent of a request, or of a task in its own journal: chosen again, it might be another one. */
export const agentStep = "round:agent";

/** Begins the key of a step that notes where the answer of the user belongs. */
const asked = "asked:";

/** The note of a question, as a step. */
export const askedStep = (place: string): [key: string, result: string] => [
  `${asked}${place}`,
  JSON.stringify(place),
];

/** Where the answer of the user belongs that a request waits for, by its steps. */
export const openPlace = (steps: ReadonlyMap<string, string>): string | undefined => {
  for (const key of steps.keys()) {
    const place = key.startsWith(asked) ? key.slice(asked.length) : undefined;
    if (place !== undefined && !steps.has(place)) return place;
  }
  return undefined;
};

/** Key of an answer in the loop of the request's own agent or of one that it asks, with the number of its own round. */
const answerKey = /^(?:(?:answer|approve|client):|tool:(?=\d+:\d+\/.*(?:answer|approve):))(\d+)/;

/** How many rounds the user was told of before the request went on with an answer, by its steps. */
export const roundsTold = (steps: ReadonlyMap<string, string>): number => {
  let told = 0;
  for (const key of steps.keys()) {
    const [, round] = answerKey.exec(key) ?? [];
    if (round !== undefined) told = Math.max(told, Number(round) + 1);
  }
  return told;
};

/** The journal of a whole request. */
export interface RequestJournal extends Journal {
  /** Steps that are not on disk yet, as JSON. */
  pending(): Map<string, string>;
}

/** The storage of a journal. */
export interface JournalStore {
  /** Whether the request resumes after a crash: only then are its steps stored. */
  isKept: () => boolean;
  /** Called before a step with effects outside. @throws When another process has taken the request over. */
  confirm: () => Promise<void>;
  /** @throws When another process has taken the request over. */
  store: (steps: ReadonlyMap<string, string>) => Promise<void>;
}

/** A model's round has no effect outside: it is stored with the first tool call after it. */
const isRound = (key: string) => /(?:^|\/)round:[^/]*$/.test(key);

/**
 * The journal of a request. A step is on disk before the next one begins.
 *
 * @param finished The steps that are on disk, by key.
 */
export const createJournal = (finished: ReadonlyMap<string, string>, disk: JournalStore): RequestJournal => {
  /** Results that are on disk, as JSON, and those that are not yet. */
  const stored = new Map(finished);
  const waiting = new Map<string, unknown>();
  const pending = () => new Map([...waiting].map(([key, result]) => [key, JSON.stringify(result)]));

  const step = async <T>(key: string, work: (within: Journal) => Promise<T>): Promise<T> => {
    const known = stored.get(key) ?? (waiting.has(key) ? JSON.stringify(waiting.get(key)) : undefined);
    // The value under this key was stored by the same work.
    if (known !== undefined) return JSON.parse(known) as T;
    if (!isRound(key)) await disk.confirm();
    const result = await work(part(key));
    waiting.set(key, result);
    if (isRound(key) || !disk.isKept()) return result;
    const steps = pending();
    await disk.store(steps);
    for (const [done, json] of steps) {
      stored.set(done, json);
      waiting.delete(done);
    }
    return result;
  };

  const has = (key: string) => stored.has(key) || waiting.has(key);

  const given: Journal["given"] = (place) => {
    const answer = stored.get(place);
    return {
      place,
      answer: answer === undefined ? undefined : givenAnswerSchema().parse(JSON.parse(answer)),
    };
  };

  const part = (name: string): Journal => ({
    step: (key, work) => step(`${name}/${key}`, work),
    given: (key) => given(`${name}/${key}`),
    has: (key) => has(`${name}/${key}`),
    part: (inner) => part(`${name}/${inner}`),
  });

  return { step, given, has, part, pending };
};
