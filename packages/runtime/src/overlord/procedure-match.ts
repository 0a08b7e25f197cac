import type { Sop } from "@muxi/formation";
import { topicWordsOf, wordsOf } from "../text/index.ts";

/** Finds the procedure that a message means by its words (docs/spec/formation-files.md "Matching a procedure"). */
export interface ProcedureMatch {
  /** The one that the message calls, as `/name`. */
  called(message: string): Sop | undefined;
  /** The one whose name, tags and description have most in common with the message. */
  said(message: string): Sop | undefined;
}

const nameScore = 2;
const tagScore = 1;
const descriptionScore = 1;
/** Topic words of a description that a message has at least, and their share of all. */
const leastDescribed = 2;
const shareDescribed = 0.5;

/** A message that begins with `/name` calls that procedure. */
const command = /^\/(\S+)/;

const isCalled = (sop: Sop, name: string): boolean => sop.name.toLowerCase() === name.toLowerCase();

export const createProcedureMatch = (sops: readonly Sop[]): ProcedureMatch => {
  const candidates = sops.map((sop) => ({
    sop,
    names: [sop.name, sop.title].map((name) => wordsOf(name)),
    tags: sop.tags.map((tag) => wordsOf(tag)),
    described: [...topicWordsOf(sop.description ?? "")],
  }));

  return {
    called(message) {
      const [, name] = command.exec(message.trimStart()) ?? [];
      return name === undefined ? undefined : sops.find((sop) => isCalled(sop, name));
    },

    said(message) {
      const words = new Set(wordsOf(message));
      const topics = topicWordsOf(message);
      const isSaid = (all: readonly string[]) => all.length > 0 && all.every((word) => words.has(word));
      const isDescribed = (described: readonly string[]) => {
        const common = described.filter((word) => topics.has(word)).length;
        return common >= leastDescribed && common >= described.length * shareDescribed;
      };
      let found: { sop: Sop; score: number } | undefined;
      for (const { sop, names, tags, described } of candidates) {
        const score =
          (names.some(isSaid) ? nameScore : 0) +
          tags.filter(isSaid).length * tagScore +
          (isDescribed(described) ? descriptionScore : 0);
        if (score > (found?.score ?? 0)) found = { sop, score };
      }
      return found?.sop;
    },
  };
};
