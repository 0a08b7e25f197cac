import { plainWords } from "../base/index.ts";
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

/** The plainest words for no, and those that may stand beside them. */
const no = new Set(
  "no nope nah reject rejected cancel stop nein abbrechen stopp non annuler annulez cancelar cancela nao annulla ferma".split(
    " ",
  ),
);
const besideNo = new Set(
  "thanks thank you please danke bitte merci s il vous plait gracias por favor obrigado obrigada grazie per favore".split(
    " ",
  ),
);
/** Plain yeses of several words, without accents. */
const yesPhrases = new Set([
  "go ahead",
  "looks good",
  "sounds good",
  "that works",
  "perfect",
  "los geht s",
  "passt",
  "perfekt",
  "in ordnung",
  "parfait",
  "d accord",
  "allez y",
  "vas y",
  "adelante",
  "de acuerdo",
  "perfecto",
  "pode fazer",
  "perfeito",
  "va bene",
  "perfetto",
]);

/** Whether a message is a plain yes, such as "Yes, please!", or a plain no; undefined when it says more than that. */
export const plainDecisionIn = (message: string): "yes" | "no" | undefined => {
  const words = plainWords(message);
  const isOnly = (meant: ReadonlySet<string>, others: ReadonlySet<string>) =>
    words.some((word) => meant.has(word)) && words.every((word) => meant.has(word) || others.has(word));
  if (isOnly(yes, beside) || yesPhrases.has(words.join(" "))) return "yes";
  return isOnly(no, besideNo) ? "no" : undefined;
};

/**
 * What a message says to a call that waits for a yes. Only a plain yes is one: "yes, but with 5" is none, and the model
 * reads why.
 */
export const decisionIn = (message: string): GivenAnswer =>
  plainDecisionIn(message) === "yes" ? { action: "approve" } : { action: "deny", value: message };
