import { statedFact, wordsOf } from "../text/index.ts";
import type { Collection } from "./collections.ts";
import { quotationOf } from "./quotation.ts";
import { subjectOf } from "./subject.ts";

/** A fact to remember. */
export interface Fact {
  content: string;
  /** What `wordsOf` gives of the content. */
  words: readonly string[];
  collection: Collection;
  /** What it is about: a later fact with the same subject replaces it. */
  subject: string;
  /** From 0 to 1. */
  confidence: number;
  importance: number;
  /** The words of the message that state it. */
  quote: string | null;
}

/**
 * The collections of facts. `attribute` matches what stays when the fact changes: "my favourite apple" of "… is the
 * Cox".
 */
const kinds: readonly { collection: Collection; pattern: RegExp; attribute?: RegExp }[] = [
  { collection: "user_identity", pattern: /^call me\b/i, attribute: /^call me\b/i },
  { collection: "user_identity", pattern: /^i (?:live|work)\b/i, attribute: /^i (?:live|work)\b/i },
  {
    collection: "user_identity",
    pattern: /^my (?:full |first |last )?(?:name|birthday|age|job)\b/i,
    attribute: /^my (?:full |first |last )?\w+(?= (?:is|are|was|were) )/i,
  },
  {
    collection: "relationships",
    pattern:
      /^my (?:wife|husband|partner|son|daughter|child|sister|brother|mother|father|mum|mom|dad|boss|friend)\b/i,
  },
  {
    collection: "preferences",
    pattern: /^my favou?rite\b/i,
    attribute: /^my favou?rite\s[^?]{1,100}?(?= (?:is|are|was|were) )/i,
  },
  {
    collection: "preferences",
    pattern: /^i (?:really )?(?:like|love|hate|prefer|do not like|don't like)\b/i,
  },
];

const order =
  /^(?:please\b|call:|use\b|tell\b|show\b|list\b|give\b|find\b|write\b|make\b|what\b|when\b|where\b|who\b|why\b|which\b|how\b|can\b|could\b|do\b|does\b|is\b|are\b|would\b|will\b)/i;

/** Whether a text tells somebody to do something, or asks. */
export const isOrder = (text: string): boolean => order.test(text);

const longest = 2_000;
/** A plain statement with fewer words is not worth keeping. */
const leastWords = 3;

/**
 * The fact that a message states, found by rules: this is how the built-in model learns. Any other plain statement is
 * kept as it was said, since it may answer a question later.
 */
export const factIn = (message: string): Fact | undefined => {
  const text = message.trim();
  if (text === "" || text.length > longest || text.endsWith("?")) return undefined;
  const stated = statedFact(text);
  if (stated === undefined) {
    const words = wordsOf(text);
    if (isOrder(text) || new Set(words).size < leastWords) return undefined;
    return {
      content: text,
      words,
      collection: "conversations",
      subject: subjectOf(text, words),
      confidence: 0.7,
      importance: 0.3,
      quote: quotationOf(text, text),
    };
  }
  const kind = kinds.find(({ pattern }) => pattern.test(stated));
  return {
    content: stated,
    words: wordsOf(stated),
    collection: kind?.collection ?? "context",
    subject: subjectOf(kind?.attribute?.exec(stated)?.[0] ?? stated),
    confidence: 1,
    importance: kind ? 0.7 : 0.5,
    quote: quotationOf(text, text),
  };
};
