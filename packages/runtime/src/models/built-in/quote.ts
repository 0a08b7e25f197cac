import { indexWordsOf, isEastAsian, rank } from "../../text/index.ts";
import type { Passage } from "../interface/index.ts";

interface Sentence {
  text: string;
  /** Heading above the sentence, searched together with it. */
  heading: string;
  source: string;
  position: number;
  /** Of its passage, where answers name passages. */
  number: number | undefined;
}

const mostSentences = 3;
/** Weighted share of the question's words that the best sentence must contain: less is a match by chance. */
const leastCoverage = 0.34;
/**
 * A word in most sentences says little, and one in no sentence does not tell sentences apart. A pair of characters that
 * is in no sentence is usually not a word.
 */
const weights = { rare: 1, common: 0.5, unknown: 0.6, unknownPair: 0.25 };

/** Made on first use: what it knows of scripts takes milliseconds to load. */
let segmenter: Intl.Segmenter | undefined;

/** The first line of a passage is its heading if it is short and not a sentence. */
const splitHeading = (text: string): { heading: string; body: string } => {
  const end = text.indexOf("\n");
  const first = text
    .slice(0, Math.max(end, 0))
    .replace(/^#+\s*/, "")
    .trim();
  return first.length > 0 && first.length <= 60 && !/[.!?:;,]$/.test(first)
    ? { heading: first, body: text.slice(end + 1) }
    : { heading: "", body: text };
};

const sentencesOf = (passage: Passage, offset: number): Sentence[] => {
  const { heading, body } = splitHeading(passage.text.trim());
  // A line break inside a paragraph only wraps the line; before a list item it ends the sentence.
  const unwrapped = body.replace(/\n(?![\n#*+-]|\d+[.)])/g, " ");
  segmenter ??= new Intl.Segmenter("en", { granularity: "sentence" });
  return [...segmenter.segment(unwrapped)]
    .map(({ segment }) => segment.trim())
    .filter((text) => text !== "")
    .map((text, index) => ({
      text,
      heading,
      source: passage.source,
      position: offset + index,
      number: passage.number,
    }));
};

/**
 * The sentences of the documents that answer best, with their source, and the weighted share of the question's words
 * that the best one contains; undefined when none contains enough.
 */
export const quote = (
  words: ReadonlySet<string>,
  passages: Passage[],
): { text: string; score: number } | undefined => {
  const sentences: Sentence[] = [];
  for (const passage of passages) sentences.push(...sentencesOf(passage, sentences.length));
  const searched = ({ heading, text }: Sentence) => `${heading} ${text}`;
  const wordsOfEach = new Map(
    sentences.map((sentence) => [sentence, new Set(indexWordsOf(searched(sentence)))]),
  );
  const weightOf = (word: string): number => {
    const holders = sentences.filter((sentence) => wordsOfEach.get(sentence)?.has(word)).length;
    if (holders === 0) return isEastAsian(word) ? weights.unknownPair : weights.unknown;
    return holders > 2 && holders > sentences.length / 2 ? weights.common : weights.rare;
  };
  const weighed = [...words].map((word) => ({ word, weight: weightOf(word) }));
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const coverageOf = (sentence: Sentence): number => {
    const found = wordsOfEach.get(sentence);
    return weighed.reduce((sum, { word, weight }) => sum + (found?.has(word) ? weight : 0), 0) / total;
  };

  const ranked = rank([...words], sentences, searched);
  const best = ranked[0];
  if (!best) return undefined;
  const score = coverageOf(best);
  if (score < leastCoverage) return undefined;
  const chosen = ranked
    .slice(0, mostSentences)
    .filter((sentence) => sentence.source === best.source && coverageOf(sentence) >= score / 2)
    .sort((a, b) => a.position - b.position);
  const numbers = [...new Set(chosen.flatMap(({ number }) => number ?? []))];
  const markers = numbers.map((number) => `[${number}]`).join("");
  const quotation = `${best.source} says: "${chosen.map(({ text }) => text).join(" ")}"`;
  return { text: markers === "" ? quotation : `${quotation} ${markers}`, score };
};
