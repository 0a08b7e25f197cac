import { wordsOf } from "../text/index.ts";
import type { Fact } from "./rules.ts";

/** How a text begins that tells an assistant what to do, by language. */
const beginnings = [
  // English
  "always|never|from now on|in (?:the )?future,|do not|don't|you (?:must|should|have to|are to|will|can)|answer|reply|respond|speak|write|" +
    "ignore|disregard|follow|obey|the (?:assistant|model|ai|bot|agent)s? (?:must|should|shall|has to|have to|will|is to|may|needs? to)",
  // German
  "immer|nie(?:mals)?|ab jetzt|von nun an|antworte|schreibe?|sprich|ignoriere?|befolge|du (?:musst|sollst|darfst)|" +
    "der assistent (?:muss|soll|darf)",
  // French
  "toujours|jamais|désormais|réponds|répondez|écris|écrivez|parle|parlez|ignore[sz]?|ne |tu dois|vous devez|l['’]assistant doit",
  // Spanish
  "siempre|nunca|a partir de ahora|responde|contesta|escribe|habla|ignora|debes|el asistente debe",
  // Italian
  "sempre|mai|d['’]ora in poi|rispondi|scrivi|parla|devi|l['’]assistente deve",
  // Portuguese
  "a partir de agora|responda|escreva|fale|ignore|você deve|o assistente deve",
];
const beginsSo = new RegExp(`^(?:please[, ]+)?(?:${beginnings.join("|")})(?!\\p{L})`, "iu");

/**
 * A learned fact as it is stored: one that tells assistants what to do is what its user prefers, in words that command
 * nobody (docs/spec/formation-files.md "Learning").
 */
export const withoutCommand = (fact: Fact): Fact => {
  if (!beginsSo.test(fact.content)) return fact;
  const content = `The user's preference: ${fact.content}`;
  return { ...fact, content, words: wordsOf(content), collection: "preferences" };
};
