import type { GivenAnswer } from "../tools/index.ts";

/** The plainest words for yes, in the languages of those that are asked most, without accents. */
const yes = new Set(
  "yes y yeah yep ok okay sure approve approved proceed confirm confirmed ja jawohl klar genehmigt oui accord si vale claro sim certo".split(
    " ",
  ),
);
/** Words that may stand beside them. */
const beside = new Set(
  "please do it go ahead that is fine bitte gern mach das geht in ordnung d s il vous plait allez y por favor adelante hazlo de acuerdo prego va bene fai pure pode fazer".split(
    " ",
  ),
);

const wordsIn = (text: string): string[] =>
  text
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/**
 * What a message says to a call that waits for a yes. Only a plain yes is one: "yes, but with 5" is none, and the model
 * reads why.
 */
export const decisionIn = (message: string): GivenAnswer => {
  const words = wordsIn(message);
  const isYes =
    words.some((word) => yes.has(word)) && words.every((word) => yes.has(word) || beside.has(word));
  return isYes ? { action: "approve" } : { action: "deny", value: message };
};
