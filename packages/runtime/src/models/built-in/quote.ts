import { indexWordsOf, rank } from "../../text/index.ts";
import type { Passage } from "../interface/index.ts";

interface Sentence {
  text: string;
  /** Stands above the sentence and counts as a part of it when it is searched. */
  heading: string;
  source: string;
  position: number;
}

const mostSentences = 3;
/** Share of the question's words, by their weight, that the best sentence must hold: less is a chance hit. */
const leastCoverage = 0.34;
/**
 * A word that most sentences hold says little, and one that none holds says nothing of which sentence is meant; a pair of
 * characters that none holds is most often no word at all.
 */
const weights = { rare: 1, common: 0.5, unknown: 0.6, unknownPair: 0.25 };
const pair = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** A passage begins with its heading when its first line is short and no sentence. */
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
  // A line break inside a paragraph is only a wrapped line; before a list item it ends the sentence.
  const unwrapped = body.replace(/\n(?![\n#*+-]|\d+[.)])/g, " ");
  return [...segmenter.segment(unwrapped)]
    .map(({ segment }) => segment.trim())
    .filter((text) => text !== "")
    .map((text, index) => ({ text, heading, source: passage.source, position: offset + index }));
};

/**
 * The sentences of the documents that answer best, with their source, and the share of the question's words,
 * by their weight, that the best one holds; undefined when none holds enough.
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
    if (holders === 0) return pair.test(word) ? weights.unknownPair : weights.unknown;
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
  return { text: `${best.source} says: "${chosen.map(({ text }) => text).join(" ")}"`, score };
};
