import type { Sop } from "@muxi/formation";
import { newId } from "@muxi/protocol";
import { wordsOf } from "../text/index.ts";
import { tasksOf } from "../work/index.ts";
import type { WorkPlan } from "./work-plan.ts";

/** What a procedure makes of a message: tasks, or an instruction for the agent that answers. */
export type Applied = { plan: WorkPlan } | { instruction: string };

/** The standard operating procedures of a formation. */
export interface Procedures {
  /** What the procedure that matches a message best makes of it; undefined when none does. */
  apply(message: string): Applied | undefined;
}

const nameScore = 2;
const tagScore = 1;

const guide = ({ mode, title, content }: Sop): string => {
  const steer =
    mode === "template"
      ? "Follow this procedure as it is written."
      : "Take this procedure as a guide to the goal; adapt its steps where the request needs it.";
  return `${steer}\n\n${title}\n${content.trim()}`;
};

const planOf = (sop: Sop): WorkPlan => ({
  id: newId("workflow"),
  procedure: { name: sop.name, title: sop.title, file: sop.file },
  about: sop.about,
  synthesis: sop.synthesis,
  tasks: tasksOf(sop),
});

/** A message that begins with `/name` calls that procedure. */
const command = /^\/([\w-]+)(?:\s|$)/;

/** Matches messages with procedures (docs/spec/formation-files.md "Matching a procedure"). */
export const createProcedures = (sops: readonly Sop[]): Procedures => {
  const candidates = sops.map((sop) => ({
    sop,
    names: [sop.name, sop.title].map((name) => wordsOf(name)),
    tags: sop.tags.map((tag) => wordsOf(tag)),
  }));

  const named = (message: string): Sop | undefined => {
    const [, name] = command.exec(message.trim()) ?? [];
    return name === undefined ? undefined : sops.find((sop) => sop.name === name);
  };

  const best = (message: string): Sop | undefined => {
    const said = new Set(wordsOf(message));
    const isSaid = (words: readonly string[]) => words.length > 0 && words.every((word) => said.has(word));
    let found: { sop: Sop; score: number } | undefined;
    for (const { sop, names, tags } of candidates) {
      const score = (names.some(isSaid) ? nameScore : 0) + tags.filter(isSaid).length * tagScore;
      if (score > (found?.score ?? 0)) found = { sop, score };
    }
    return found?.sop;
  };

  return {
    apply(message) {
      if (candidates.length === 0) return undefined;
      const sop = named(message) ?? best(message);
      if (!sop) return undefined;
      return sop.mode === "template" && sop.steps.length > 0
        ? { plan: planOf(sop) }
        : { instruction: guide(sop) };
    },
  };
};
