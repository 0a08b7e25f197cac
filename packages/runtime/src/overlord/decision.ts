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
  "do it go ahead that is fine gern mach das geht in ordnung d s allez y adelante hazlo de acuerdo prego va bene fai pure pode fazer".split(
    " ",
  ),
);
/** Courtesy, which changes neither a yes nor a no: in one word, and in several that mean something else apart. */
const courtesy = new Set(
  "thanks many please danke vielen dank bitte merci beaucoup gracias muchas obrigado obrigada muito grazie mille".split(
    " ",
  ),
);
const courtesyOfSeveral = /\b(?:thank you|s il (?:vous|te) plait|por favor|per favore)\b/g;

/** The plainest words for no. */
const no = new Set(
  "no nope nah reject rejected cancel stop nein abbrechen stopp non annuler annulez cancelar cancela nao annulla ferma".split(
    " ",
  ),
);
/** Plain yeses of several words, without accents. */
const yesPhrases = new Set([
  "go ahead",
  "do it",
  "please do",
  "fine",
  "that is fine",
  "that s fine",
  "looks good",
  "sounds good",
  "that works",
  "perfect",
  "los geht s",
  "passt",
  "perfekt",
  "in ordnung",
  "geht in ordnung",
  "das geht in ordnung",
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
  const words = plainWords(message).join(" ").replaceAll(courtesyOfSeveral, "please").split(" ");
  const meant = words.filter((word) => !courtesy.has(word));
  const isOnly = (plain: ReadonlySet<string>, others?: ReadonlySet<string>) =>
    meant.some((word) => plain.has(word)) && meant.every((word) => plain.has(word) || others?.has(word));
  if (isOnly(yes, beside)) return "yes";
  if ([words, meant].some((each) => yesPhrases.has(each.join(" ")))) return "yes";
  return isOnly(no) ? "no" : undefined;
};

/**
 * What a message says to a call that waits for a yes. Only a plain yes is one: "yes, but with 5" is none, and the model
 * reads why.
 */
export const decisionIn = (message: string): GivenAnswer =>
  plainDecisionIn(message) === "yes" ? { action: "approve" } : { action: "deny", value: message };
