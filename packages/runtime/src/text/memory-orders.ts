/** What a message orders about memories, by rules: this is how the built-in model understands it, in a few languages. */
export type MemoryOrder =
  | { order: "list" }
  | { order: "forget"; about: string }
  | { order: "forget"; all: true };

/** Words at the beginning that say nothing. */
const politeness =
  /^(?:please|can you|could you|would you|bitte|kannst du|s'il te plaît|peux-tu|por favor|puedes)[ ,]+/i;

const forgetting = /^(?:forget|delete|erase|remove|vergiss|lösche|oublie|efface|olvida|borra)\b[ ,]*/i;

/** What stands between the verb and what is to be forgotten. `delete` and its like need it: other things are deleted too. */
const ofMemory =
  /^(?:(?:that|what|everything|all|anything) )?(?:i(?:'ve| have)? (?:ever )?(?:said|told you)|you (?:know|remember|have learned))(?: (?:about|of))?\b ?|^(?:was|alles,? was) (?:ich (?:dir )?über|du über)\b ?|^(?:ce|tout ce) que (?:j'ai dit|je t'ai dit|tu sais) (?:sur|de)\b ?|^(?:lo|todo lo) que (?:dije|te dije|sabes) (?:sobre|de)\b ?/i;

/** Before a statement. */
const conjunction = /^(?:that|about|dass|que|qu')[ ,]*/i;

const saidBehind = / (?:gesagt|erzählt) habe$| weißt$/i;

const myself = /^(?:me|myself|everything|all|it all|alles|mich|tout|moi|todo|mí|mi)$/i;
/** "Forget it" means something else. */
const nothing = /^(?:|it|that|this|about it|about that|es|das|ça|eso)$/i;

const whatIsKnown =
  /^(?:what (?:do|did) you (?:know|remember|learn)(?: about me| of me)?|what have you (?:learned|remembered)(?: about me)?|what have i told you(?: about me)?|what (?:have you stored|do you have stored) about me|was weißt du (?:über|von) mi(?:ch|r)|que sais-tu (?:de|sur) moi|qu'est-ce que tu sais (?:de|sur) moi|qué sabes (?:de|sobre) mí|que sabes de mi)$/i;

const mostLooked = 400;

/** What stands at the end of a sentence says nothing. */
const withoutEnd = (text: string): string => {
  let end = text.length;
  while (end > 0 && " .!?".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
};

export const memoryOrderIn = (message: string): MemoryOrder | undefined => {
  const text = withoutEnd(message.trim().slice(0, mostLooked).replace(politeness, ""));
  if (whatIsKnown.test(text)) return { order: "list" };
  const verb = forgetting.exec(text)?.[0];
  if (verb === undefined) return undefined;
  const rest = text.slice(verb.length);
  const named = ofMemory.exec(rest)?.[0];
  const isPlain = /^(?:forget|vergiss|oublie|olvida)/i.test(verb);
  if (named === undefined && !isPlain) return undefined;
  const about = rest
    .slice(named?.length ?? 0)
    .replace(conjunction, "")
    .replace(saidBehind, "")
    .trim();
  if (myself.test(about) || (named !== undefined && about === "")) return { order: "forget", all: true };
  return nothing.test(about) ? undefined : { order: "forget", about };
};

/** Stems of words for remembering and forgetting, in the languages of most users. */
const ofRemembering =
  /\b(?:forg[eo]t|remember|memor|know about me|erase|vergiss|vergess|erinner|weißt|gemerkt|oubli|souvien|sais|olvid|recuerd|sabes|esque[cç]|lembr|dimentic|scord|ricord|vergeet|vergat|onthoud|glöm|minns|zapomn|pamięt|unut|hatırl)|забуд|забыл|помни|знаешь|忘|覚え|记得|記|잊|기억|نسى|تذكر|भूल|याद/iu;

/** Whether a message may be about what is remembered: only then are the tools for it offered. */
export const speaksOfMemory = (message: string): boolean => ofRemembering.test(message.slice(0, mostLooked));
