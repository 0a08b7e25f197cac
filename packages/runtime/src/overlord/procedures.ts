import type { Sop } from "@muxi/formation";
import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { wordsOf } from "../text/index.ts";

/** The standard operating procedures of a formation. */
export interface Procedures {
  /** The agent's instruction for the procedure that matches a message best; undefined when none does. */
  instructionFor(message: string): string | undefined;
}

const metadataSchema = lazy(() =>
  z.object({
    mode: z.enum(["template", "guide"]).catch("template"),
    tags: z
      .union([z.array(z.string()), z.string().transform((tags) => tags.split(","))])
      .catch([])
      .transform((tags) => tags.map((tag) => tag.trim()).filter((tag) => tag !== "")),
  }),
);

const nameScore = 2;
const tagScore = 1;
/** Lowest score of a match: a name, or two tags. A single tag matches by chance. */
const leastScore = 2;

const instruction = ({ title, steps, content }: Sop, mode: "template" | "guide"): string => {
  const steer =
    mode === "template"
      ? "Follow this procedure: all of its steps, in this order. Brackets name the agent to ask and the tool to " +
        "call; if a step marked [critical] fails, stop and say so."
      : "Take this procedure as a guide to the goal; adapt its steps where the request needs it.";
  const body =
    steps.length > 0 ? steps.map((step, index) => `${index + 1}. ${step}`).join("\n") : content.trim();
  return `${steer}\n\n${title}\n${body}`;
};

/** Matches messages with procedures by name and tags (docs/spec/formation-files.md "Matching a procedure"). */
export const createProcedures = (sops: readonly Sop[]): Procedures => {
  const candidates = sops.map((sop) => {
    const { mode, tags } = metadataSchema().parse(sop.metadata);
    return {
      text: instruction(sop, mode),
      names: [sop.name, sop.title].map(wordsOf),
      tags: tags.map(wordsOf),
    };
  });

  return {
    instructionFor(message) {
      if (candidates.length === 0) return undefined;
      const said = new Set(wordsOf(message));
      const isSaid = (words: string[]) => words.length > 0 && words.every((word) => said.has(word));
      let best: { text: string; score: number } | undefined;
      for (const { text, names, tags } of candidates) {
        const score = (names.some(isSaid) ? nameScore : 0) + tags.filter(isSaid).length * tagScore;
        if (score >= leastScore && score > (best?.score ?? 0)) best = { text, score };
      }
      return best?.text;
    },
  };
};
